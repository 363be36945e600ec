// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Members who govern themselves. The specification is docs/consortium.md, and the numbers beside the
/// steps are its; chain_adapter/consortium executes the same in Python, and a property test holds the
/// two equal. Whoever sends a transaction does not matter: signatures authorise.
contract Consortium {
    struct Member {
        address account;
        uint8 kind; // 0: there is no such member
        uint8 level;
        uint8 granted;
        bool blacklisted;
        bool removed;
        uint32 round;
        uint32 denied;
        bytes32 key;
        bytes32 parent;
    }

    struct Application {
        bytes32 identity;
        address account;
        bytes32 key;
        uint8 kind;
        bytes32 parent;
        uint8 level;
        uint32 round;
    }

    struct Certificate {
        address authority;
        uint64 start;
        uint64 until;
        bytes32 r;
        bytes32 s;
    }

    struct Signed {
        address signer;
        bytes32 r;
        bytes32 s;
    }

    struct Act {
        uint8 method;
        bytes32 member;
        uint32 value;
        bytes32 reason;
        bytes32 nonce;
        uint64 expires;
    }

    struct Rotation {
        uint8 role;
        address from;
        address to;
        bytes32 nonce;
        uint64 expires;
    }

    struct Replacement {
        bytes32 identity;
        address account;
        bytes32 key;
        bytes32 nonce;
        uint64 expires;
    }

    struct Group {
        uint32 methods;
        uint32 need;
        uint64 members; // bits, the first regulator lowest
    }

    /// An identity with its methods, or a platform's key with its permissions.
    struct Grant {
        bytes32 holder;
        uint32 bits;
    }

    /// A place in a rule's words.
    struct Reading {
        bytes32[] words;
        uint256 next;
    }

    /// Digest of the first rule: the consortium's name in every signature.
    bytes32 public consortium;
    /// Digest of the rule in force, and its number.
    bytes32 public rule;
    uint32 public version;
    /// How many messages counted.
    uint64 public count;
    /// How many authorities must vouch for a new member.
    uint32 public certificates;

    address[] private authorities;
    address[] private regulators;
    uint32[] private alone;
    uint32[] private levels;
    Group[] private groups;
    Grant[] private named;
    Grant[] private platforms;
    /// Place + 1; zero for others.
    mapping(address key => uint256 place) private authorityPlace;
    mapping(address key => uint256 place) private regulatorPlace;

    mapping(bytes32 identity => Member member) private members;
    /// Whose an account or deposit key is, for ever.
    mapping(address account => bytes32 identity) public accountHolder;
    mapping(bytes32 key => bytes32 identity) public keyHolder;
    /// Offices' keys that were replaced.
    mapping(address key => bool yes) public retired;
    /// Messages that counted.
    mapping(bytes32 id => bool yes) public used;

    event Counted(uint64 indexed number, bytes32 indexed id, bytes32 indexed member);
    event Registered(bytes32 indexed identity, address account, bytes32 key, bytes32 parent);
    event Regulated(bytes32 indexed member, uint8 method, uint32 value, bytes32 reason);
    event Rotated(uint8 indexed role, address from, address to);
    event Replaced(bytes32 indexed identity, address account, bytes32 key);
    event RuleChanged(uint32 version, bytes32 rule, bytes32 text);

    /// `code` is a number of docs/consortium.md, "Codes".
    error Refused(uint8 code);

    bytes32 private constant DOMAIN = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)"
    );
    bytes32 private constant APPLICATION = keccak256(
        "Application(bytes32 identity,address account,bytes32 key,uint8 kind,bytes32 parent,uint8 level,uint32 round)"
    );
    bytes32 private constant CERTIFICATE = keccak256(
        "Certificate(Application application,address authority,uint64 from,uint64 until)Application(bytes32 identity,address account,bytes32 key,uint8 kind,bytes32 parent,uint8 level,uint32 round)"
    );
    bytes32 private constant REGISTRATION = keccak256(
        "Registration(Application application,bytes32 nonce,uint64 expires)Application(bytes32 identity,address account,bytes32 key,uint8 kind,bytes32 parent,uint8 level,uint32 round)"
    );
    bytes32 private constant ACT = keccak256(
        "Act(uint8 method,bytes32 member,uint32 value,bytes32 reason,bytes32 nonce,uint64 expires)"
    );
    bytes32 private constant ROTATION =
        keccak256("Rotation(uint8 role,address from,address to,bytes32 nonce,uint64 expires)");
    bytes32 private constant REPLACEMENT =
        keccak256("Replacement(bytes32 identity,address account,bytes32 key,bytes32 nonce,uint64 expires)");
    bytes32 private constant CHANGE =
        keccak256("Change(bytes32 rule,uint32 version,bytes32 nonce,uint64 expires)");

    /// Half the order of secp256k1 (SEC 2, 2.4.1). Above it lies each signature's twin (EIP-2).
    uint256 private constant HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;
    uint256 private constant LONGEST = 400 days;

    uint8 private constant BLACKLIST = 1;
    uint8 private constant REMOVE = 2;
    uint8 private constant LIMIT = 4;
    uint8 private constant DEGRADE = 8;
    uint8 private constant RESTORE = 16;
    uint32 private constant CHANGE_RULE = 32;
    uint32 private constant ACTS = 31;
    uint32 private constant PERMISSIONS = 31;

    uint8 private constant DEPARTMENT = 2;
    uint8 private constant PERSON = 3;

    uint8 private constant MALFORMED = 1;
    uint8 private constant EXPIRED = 2;
    uint8 private constant EXPIRES_LATE = 3;
    uint8 private constant REPLAYED = 4;
    uint8 private constant APPLICATION_WRONG = 5;
    uint8 private constant MEMBER_EXISTS = 6;
    uint8 private constant ROUND = 7;
    uint8 private constant BLACKLISTED = 8;
    uint8 private constant KEY_TAKEN = 9;
    uint8 private constant KEY_RETIRED = 10;
    uint8 private constant PARENT = 11;
    uint8 private constant PARENT_BLOCKED = 12;
    uint8 private constant SIGNATURE_ORDER = 13;
    uint8 private constant SIGNER_TWICE = 14;
    uint8 private constant SIGNATURE_HIGH = 15;
    uint8 private constant SIGNATURE_WRONG = 16;
    uint8 private constant SIGNER_UNKNOWN = 17;
    uint8 private constant SIGNER_RETIRED = 18;
    uint8 private constant NOT_ENOUGH = 19;
    uint8 private constant CERTIFICATE_EARLY = 20;
    uint8 private constant CERTIFICATE_EXPIRED = 21;
    uint8 private constant MEMBER_UNKNOWN = 22;
    uint8 private constant STATE = 23;
    uint8 private constant VALUE = 24;
    uint8 private constant VERSION = 25;
    uint8 private constant RULE = 26;

    constructor(bytes32[] memory words) {
        _requireRule(words);
        consortium = keccak256(abi.encodePacked(words));
        version = 1;
        _adopt(words);
    }

    /// A new member presents the certificates of K authorities.
    function register(
        Application calldata application,
        Certificate[] calldata presented,
        Signed[] calldata signatures,
        bytes32 nonce,
        uint64 expires
    ) external {
        bytes32 content = keccak256(abi.encode(APPLICATION, application));
        bytes32 id = _open(keccak256(abi.encode(REGISTRATION, content, nonce, expires)), expires); // 1, 2
        if (
            application.identity == 0 || application.account == address(0) || application.kind == 0
                || application.kind > PERSON || application.level >= levels.length
        ) revert Refused(APPLICATION_WRONG); // 3
        Member storage member = members[application.identity];
        if (member.kind != 0) {
            if (member.blacklisted) revert Refused(BLACKLISTED); // 4
            if (!member.removed) revert Refused(MEMBER_EXISTS);
            if (member.kind != application.kind) revert Refused(APPLICATION_WRONG);
        }
        if (application.round != member.round) revert Refused(ROUND); // 5
        _requireFree(member, application.identity, application.account, application.key); // 6
        _requireParent(application); // 7
        _requireSigned(id, signatures); // 8
        _requireExactly(signatures, application.account, application.account);
        _requireCertified(content, presented); // 9
        member.kind = application.kind;
        member.level = application.level;
        member.granted = application.level;
        member.parent = application.parent;
        member.denied = 0;
        member.removed = false;
        _take(member, application.identity, application.account, application.key);
        emit Registered(application.identity, application.account, application.key, application.parent);
        _counted(id, application.identity);
    }

    /// Blacklist, remove, limit, degrade, restore.
    function act(Act calldata message, Signed[] calldata signatures) external {
        bytes32 id = _open(keccak256(abi.encode(ACT, message)), message.expires); // 1, 2
        uint8 method = message.method;
        if (method == 0 || method > RESTORE || method & (method - 1) != 0) revert Refused(MALFORMED); // 3
        Member storage member = members[message.member];
        if (member.kind == 0) revert Refused(MEMBER_UNKNOWN); // 4
        _requireState(member, method); // 5
        _requireValue(member, method, message.value);
        _requireSigned(id, signatures); // 6
        _requireOffice(signatures, method); // 7
        if (method == BLACKLIST) {
            member.blacklisted = true;
        } else if (method == REMOVE) {
            member.removed = true;
            ++member.round;
        } else if (method == LIMIT) {
            member.denied |= message.value;
        } else if (method == DEGRADE) {
            member.level = uint8(message.value);
        } else {
            member.blacklisted = false;
            member.denied = 0;
            member.level = member.granted;
        }
        emit Regulated(message.member, method, message.value, message.reason);
        _counted(id, message.member);
    }

    /// An office's key gives way to another; both sign.
    function rotate(Rotation calldata message, Signed[] calldata signatures) external {
        bytes32 id = _open(keccak256(abi.encode(ROTATION, message)), message.expires); // 1, 2
        if (message.role != 1 && message.role != 2) revert Refused(MALFORMED); // 3
        mapping(address => uint256) storage places = message.role == 1 ? authorityPlace : regulatorPlace;
        uint256 place = places[message.from];
        if (place == 0) revert Refused(retired[message.from] ? SIGNER_RETIRED : SIGNER_UNKNOWN); // 4
        if (message.to == address(0)) revert Refused(VALUE); // 5
        if (retired[message.to]) revert Refused(KEY_RETIRED);
        if (authorityPlace[message.to] != 0 || regulatorPlace[message.to] != 0) revert Refused(KEY_TAKEN);
        _requireSigned(id, signatures); // 6
        _requireExactly(signatures, message.from, message.to);
        (message.role == 1 ? authorities : regulators)[place - 1] = message.to;
        places[message.to] = place;
        delete places[message.from];
        retired[message.from] = true;
        emit Rotated(message.role, message.from, message.to);
        _counted(id, 0);
    }

    /// A member's account or deposit key gives way to another.
    function replace(Replacement calldata message, Signed[] calldata signatures) external {
        bytes32 id = _open(keccak256(abi.encode(REPLACEMENT, message)), message.expires); // 1, 2
        Member storage member = members[message.identity];
        if (member.kind == 0) revert Refused(MEMBER_UNKNOWN); // 3
        if (member.blacklisted) revert Refused(BLACKLISTED); // 4
        if (member.removed) revert Refused(STATE);
        address before = member.account;
        if (message.account == address(0) || (message.account == before && message.key == member.key)) {
            revert Refused(VALUE); // 5
        }
        _requireFree(member, message.identity, message.account, message.key); // 6
        _requireSigned(id, signatures); // 7
        _requireExactly(signatures, before, message.account);
        _take(member, message.identity, message.account, message.key);
        emit Replaced(message.identity, message.account, message.key);
        _counted(id, message.identity);
    }

    /// The rule gives way to another.
    function change(
        bytes32[] calldata words,
        uint32 to,
        bytes32 nonce,
        uint64 expires,
        Signed[] calldata signatures
    ) external {
        bytes32 digest = keccak256(abi.encodePacked(words));
        bytes32 id = _open(keccak256(abi.encode(CHANGE, digest, to, nonce, expires)), expires); // 1, 2
        if (to != uint256(version) + 1) revert Refused(VERSION); // 3
        _requireRule(words); // 4
        _requireSigned(id, signatures); // 5
        uint256 places = 0;
        for (uint256 i = 0; i < signatures.length; ++i) {
            uint256 place = _regulator(signatures[i].signer); // 6
            if (place == 0) revert Refused(SIGNER_UNKNOWN);
            places |= 1 << (place - 1);
        }
        if (!_agreed(places, CHANGE_RULE)) revert Refused(NOT_ENOUGH);
        version = to;
        _adopt(words);
        _counted(id, 0);
    }

    /// 0 when the deposit key with this hash may do what `permission` (a bit) says; else why not.
    function permitted(bytes32 key, uint32 permission) external view returns (uint8) {
        for (uint256 i = 0; i < platforms.length; ++i) {
            if (platforms[i].holder == key) return platforms[i].bits & permission != 0 ? 0 : 5;
        }
        bytes32 identity = keyHolder[key];
        Member storage member = members[identity];
        if (identity == 0 || member.key != key) return 1;
        if (member.blacklisted) return 2;
        if (member.removed) return 3;
        if (_blocked(member.parent)) return 4;
        uint32 given = member.level < levels.length ? levels[member.level] : 0;
        return given & ~member.denied & permission != 0 ? 0 : 5;
    }

    function memberOf(bytes32 identity) external view returns (Member memory) {
        return members[identity];
    }

    /// The offices' keys of today, in the order of the rule.
    function offices() external view returns (address[] memory, address[] memory) {
        return (authorities, regulators);
    }

    /// The rest of the rule in force.
    function agreement()
        external
        view
        returns (uint32[] memory, Group[] memory, Grant[] memory, uint32[] memory, Grant[] memory)
    {
        return (alone, groups, named, levels, platforms);
    }

    /// What binds signatures to this consortium, chain and contract (EIP-712).
    function domainSeparator() public view returns (bytes32) {
        return keccak256(
            abi.encode(
                DOMAIN, keccak256("Notary Consortium"), keccak256("1"), block.chainid, address(this), consortium
            )
        );
    }

    /// Steps 1 and 2 of every message; its id.
    function _open(bytes32 content, uint64 expires) private view returns (bytes32 id) {
        if (expires <= block.timestamp) revert Refused(EXPIRED);
        if (expires > block.timestamp + LONGEST) revert Refused(EXPIRES_LATE);
        id = _digest(content);
        if (used[id]) revert Refused(REPLAYED);
    }

    function _digest(bytes32 content) private view returns (bytes32) {
        return keccak256(abi.encodePacked("\x19\x01", domainSeparator(), content));
    }

    function _counted(bytes32 id, bytes32 member) private {
        used[id] = true;
        emit Counted(++count, id, member);
    }

    /// A key may be taken when nobody ever held it, or when it is the member's own present one.
    function _requireFree(Member storage member, bytes32 identity, address account, bytes32 key) private view {
        bytes32 holder = accountHolder[account];
        if (holder != 0 && member.account != account) _refuseTaken(holder, identity);
        holder = keyHolder[key];
        if (holder != 0 && member.key != key) _refuseTaken(holder, identity);
    }

    function _refuseTaken(bytes32 holder, bytes32 identity) private view {
        if (holder == identity) revert Refused(KEY_RETIRED);
        revert Refused(members[holder].blacklisted ? BLACKLISTED : KEY_TAKEN);
    }

    /// Keys are their member's for ever.
    function _take(Member storage member, bytes32 identity, address account, bytes32 key) private {
        member.account = account;
        accountHolder[account] = identity;
        member.key = key;
        if (key != 0) keyHolder[key] = identity;
    }

    function _requireParent(Application calldata application) private view {
        if (application.parent == 0) {
            if (application.kind == DEPARTMENT) revert Refused(PARENT);
            return;
        }
        uint8 kind = members[application.parent].kind;
        if (kind == 0 || kind >= application.kind) revert Refused(PARENT);
        if (_blocked(application.parent)) revert Refused(PARENT_BLOCKED);
    }

    /// Whether `identity` or anybody above is not active. Kinds grow downwards, so this ends.
    function _blocked(bytes32 identity) private view returns (bool) {
        while (identity != 0) {
            Member storage member = members[identity];
            if (member.blacklisted || member.removed) return true;
            identity = member.parent;
        }
        return false;
    }

    function _requireCertified(bytes32 application, Certificate[] calldata presented) private view {
        address before = address(0);
        for (uint256 i = 0; i < presented.length; ++i) {
            Certificate calldata each = presented[i];
            if (i != 0) _requireOrder(before, each.authority);
            before = each.authority;
            if (authorityPlace[before] == 0) revert Refused(retired[before] ? SIGNER_RETIRED : SIGNER_UNKNOWN);
            if (block.timestamp < each.start) revert Refused(CERTIFICATE_EARLY);
            if (block.timestamp >= each.until) revert Refused(CERTIFICATE_EXPIRED);
            bytes32 content = keccak256(abi.encode(CERTIFICATE, application, before, each.start, each.until));
            _requireFitting(before, _digest(content), each.r, each.s);
        }
        if (presented.length < certificates) revert Refused(NOT_ENOUGH);
    }

    function _requireState(Member storage member, uint8 method) private view {
        bool good = !member.blacklisted && !member.removed;
        if (method == BLACKLIST) good = !member.blacklisted;
        if (method == RESTORE) {
            bool lowered = member.denied != 0 || member.level != member.granted;
            good = member.blacklisted || (!member.removed && lowered);
        }
        if (!good) revert Refused(STATE);
    }

    function _requireValue(Member storage member, uint8 method, uint32 value) private view {
        bool good = value == 0;
        if (method == DEGRADE) good = value > member.level && value < levels.length;
        if (method == LIMIT) good = value != 0;
        if (!good) revert Refused(VALUE);
    }

    function _requireOrder(address before, address signer) private pure {
        if (before < signer) return;
        revert Refused(before == signer ? SIGNER_TWICE : SIGNATURE_ORDER);
    }

    function _requireSigned(bytes32 digest, Signed[] calldata signatures) private pure {
        for (uint256 i = 0; i < signatures.length; ++i) {
            Signed calldata each = signatures[i];
            if (i != 0) _requireOrder(signatures[i - 1].signer, each.signer);
            _requireFitting(each.signer, digest, each.r, each.s);
        }
    }

    /// Either recovery may be the signer's; failure recovers zero, which is nobody's.
    function _requireFitting(address signer, bytes32 digest, bytes32 r, bytes32 s) private pure {
        if (uint256(s) > HALF_ORDER) revert Refused(SIGNATURE_HIGH);
        if (signer == address(0)) revert Refused(SIGNATURE_WRONG);
        if (ecrecover(digest, 27, r, s) != signer && ecrecover(digest, 28, r, s) != signer) {
            revert Refused(SIGNATURE_WRONG);
        }
    }

    /// Both have signed (once, when they are one) and nobody else.
    function _requireExactly(Signed[] calldata signatures, address one, address other) private pure {
        for (uint256 i = 0; i < signatures.length; ++i) {
            address signer = signatures[i].signer;
            if (signer != one && signer != other) revert Refused(SIGNER_UNKNOWN);
        }
        if (signatures.length < (one == other ? 1 : 2)) revert Refused(NOT_ENOUGH);
    }

    /// An authorised regulator, a named member, or the agreed number of a group.
    function _requireOffice(Signed[] calldata signatures, uint32 method) private view {
        uint32 methods = 0;
        uint256 places = 0;
        for (uint256 i = 0; i < signatures.length; ++i) {
            address signer = signatures[i].signer;
            uint256 place = _regulator(signer);
            if (place == 0) {
                methods |= _named(signer);
            } else {
                methods |= alone[place - 1];
                places |= 1 << (place - 1);
            }
        }
        if (methods & method == 0 && !_agreed(places, method)) revert Refused(NOT_ENOUGH);
    }

    /// Place + 1 of a regulator, 0 for those who are none.
    function _regulator(address signer) private view returns (uint256 place) {
        place = regulatorPlace[signer];
        if (place == 0 && retired[signer]) revert Refused(SIGNER_RETIRED);
    }

    function _named(address signer) private view returns (uint32) {
        bytes32 identity = accountHolder[signer];
        if (identity != 0) {
            if (members[identity].account != signer) revert Refused(SIGNER_RETIRED);
            for (uint256 i = 0; i < named.length; ++i) {
                if (named[i].holder == identity && !_blocked(identity)) return named[i].bits;
            }
        }
        revert Refused(SIGNER_UNKNOWN);
    }

    function _agreed(uint256 places, uint32 method) private view returns (bool) {
        for (uint256 i = 0; i < groups.length; ++i) {
            Group storage group = groups[i];
            if (group.methods & method != 0 && _ones(places & group.members) >= group.need) return true;
        }
        return false;
    }

    function _ones(uint256 bits) private pure returns (uint256 found) {
        for (; bits != 0; bits &= bits - 1) {
            ++found;
        }
    }

    /// Whether the words are a rule that holds together.
    function _requireRule(bytes32[] memory words) private view {
        Reading memory reading = Reading(words, 1); // the text's digest comes first
        uint256 need = _next(reading, type(uint256).max);
        uint256 length = _next(reading, 64);
        if (need == 0 || need > length) revert Refused(RULE);
        uint256 first = reading.next;
        for (uint256 i = 0; i < length; ++i) {
            _requireKey(reading, first, 1);
        }
        uint256 start = first + length + 1; // regulators stand after the number of them
        uint256 several = _next(reading, 64);
        for (uint256 i = 0; i < several; ++i) {
            uint256 here = reading.next;
            _requireKey(reading, start, 2);
            for (uint256 j = 0; j < length; ++j) {
                if (words[first + j] == words[here]) revert Refused(RULE);
            }
            _next(reading, ACTS);
        }
        length = _next(reading, 16);
        for (uint256 i = 0; i < length; ++i) {
            _next(reading, ACTS | CHANGE_RULE);
            need = _next(reading, 64);
            uint256 ones = _ones(_next(reading, (1 << several) - 1));
            if (need == 0 || need > ones) revert Refused(RULE);
        }
        _requireGrants(reading, 64, ACTS, true);
        length = _next(reading, 16);
        if (length == 0) revert Refused(RULE);
        for (uint256 i = 0; i < length; ++i) {
            _next(reading, PERMISSIONS);
        }
        _requireGrants(reading, 16, PERMISSIONS, false);
        if (reading.next != words.length) revert Refused(RULE);
    }

    /// The next word as a number of at most `most`.
    function _next(Reading memory reading, uint256 most) private pure returns (uint256 value) {
        if (reading.next >= reading.words.length) revert Refused(RULE);
        value = uint256(reading.words[reading.next++]);
        if (value > most) revert Refused(RULE);
    }

    /// An address that is not zero, not retired, and not among those from `start` on, `step` apart.
    function _requireKey(Reading memory reading, uint256 start, uint256 step) private view {
        uint256 here = reading.next;
        uint256 key = _next(reading, type(uint160).max);
        if (key == 0 || retired[address(uint160(key))]) revert Refused(RULE);
        _requireNew(reading.words, start, here, step);
    }

    function _requireNew(bytes32[] memory words, uint256 start, uint256 here, uint256 step) private pure {
        for (uint256 i = start; i < here; i += step) {
            if (words[i] == words[here]) revert Refused(RULE);
        }
    }

    function _requireGrants(Reading memory reading, uint256 most, uint256 bits, bool filled) private pure {
        uint256 length = _next(reading, most);
        uint256 start = reading.next;
        for (uint256 i = 0; i < length; ++i) {
            uint256 here = reading.next;
            uint256 holder = _next(reading, type(uint256).max);
            if (filled && holder == 0) revert Refused(RULE);
            _requireNew(reading.words, start, here, 2);
            _next(reading, bits);
        }
    }

    /// Let a rule that holds together be in force.
    function _adopt(bytes32[] memory words) private {
        for (uint256 i = 0; i < authorities.length; ++i) {
            delete authorityPlace[authorities[i]];
        }
        for (uint256 i = 0; i < regulators.length; ++i) {
            delete regulatorPlace[regulators[i]];
        }
        delete authorities;
        delete regulators;
        delete alone;
        delete levels;
        delete groups;
        delete named;
        delete platforms;
        rule = keccak256(abi.encodePacked(words));
        Reading memory reading = Reading(words, 1);
        certificates = uint32(_word(reading));
        for (uint256 left = _word(reading); left != 0; --left) {
            authorities.push(address(uint160(_word(reading))));
            authorityPlace[authorities[authorities.length - 1]] = authorities.length;
        }
        for (uint256 left = _word(reading); left != 0; --left) {
            regulators.push(address(uint160(_word(reading))));
            regulatorPlace[regulators[regulators.length - 1]] = regulators.length;
            alone.push(uint32(_word(reading)));
        }
        for (uint256 left = _word(reading); left != 0; --left) {
            uint32 methods = uint32(_word(reading));
            uint32 need = uint32(_word(reading));
            groups.push(Group(methods, need, uint64(_word(reading))));
        }
        for (uint256 left = _word(reading); left != 0; --left) {
            bytes32 holder = bytes32(_word(reading));
            named.push(Grant(holder, uint32(_word(reading))));
        }
        for (uint256 left = _word(reading); left != 0; --left) {
            levels.push(uint32(_word(reading)));
        }
        for (uint256 left = _word(reading); left != 0; --left) {
            bytes32 holder = bytes32(_word(reading));
            platforms.push(Grant(holder, uint32(_word(reading))));
        }
        emit RuleChanged(version, rule, words[0]);
    }

    function _word(Reading memory reading) private pure returns (uint256) {
        return uint256(reading.words[reading.next++]);
    }
}
