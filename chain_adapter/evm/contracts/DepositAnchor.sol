// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Anchors entries of evidence ledgers: one root of an RFC 6962 tree for many of them.
///
/// A record is a root, the RFC 6962 tree hash over `count` leaf hashes; a single entry is a record of
/// one whose root is its leaf hash. Entries are numbered from 0 through the whole contract: those of a
/// record are `first` to `first + count - 1`, in the tree's order. Nothing is ever changed or removed,
/// and recording the same root and count again gives the original record. A platform that claims
/// another count for somebody's root makes a record of its own and spoils nobody's.
///
/// STORAGE, relied upon by offline proofs (EIP-1186); chain_adapter/evm/layout.py says the same:
///   slot 0  records: mapping(bytes32 root => mapping(uint64 count => Record)), one slot each, at
///           keccak256(uint256 count ‖ keccak256(root ‖ uint256 0)). The value, from the lowest bits
///           up: count, first, time, block height, 64 bits each. The slot's address binds the root,
///           its value everything else, so one storage proof is enough.
///   slot 1  cosigned: mapping(bytes32 leaf => mapping(address user => address platform))
///   slot 2  platforms: mapping(address => bool)
///   slot 3  size (64 bits): how many entries there are; recordCount (64 bits): how many records
///   slot 4  owner; slot 5 pendingOwner
contract DepositAnchor {
    struct Record {
        uint64 count;
        uint64 first;
        uint64 time;
        uint64 height;
    }

    mapping(bytes32 root => mapping(uint64 count => Record)) private records;
    /// The platform that signed this leaf together with this user; zero when none did.
    mapping(bytes32 leaf => mapping(address user => address platform)) public cosigned;
    /// Who may write.
    mapping(address platform => bool) public platforms;
    /// How many entries, and how many records, there are.
    uint64 public size;
    uint64 public recordCount;
    /// Who says who may write.
    address public owner;
    address public pendingOwner;

    event Anchored(bytes32 indexed root, address indexed platform, uint64 first, uint64 count);
    event CoSigned(bytes32 indexed leaf, address indexed user, address indexed platform);
    event PlatformChanged(address indexed platform, bool permitted);
    event OwnerProposed(address indexed from, address indexed to);
    event OwnerChanged(address indexed from, address indexed to);

    error NotOwner();
    error NotPlatform(address sender);
    error NoRoot();
    error NoEntries();
    error TooMany(uint64 most);
    error BadSignature();
    error HighS();
    error WrongSigner(address expected);

    /// Keeps positions below 2^53 for longer than any chain lasts: a platform that lies about a count
    /// cannot use up the numbers of all the others.
    uint64 private constant MAX_BATCH = 1 << 20;
    /// EIP-712. The domain names chain and contract: a signature for another one is worth nothing here.
    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant DEPOSIT_TYPE = keccak256("Deposit(bytes32 leaf,address user,address platform)");
    /// Half the order of secp256k1 (SEC 2, 2.4.1). Above it lies each signature's twin (EIP-2).
    uint256 private constant HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotOwner();
        _;
    }

    modifier onlyPlatform() {
        if (!platforms[msg.sender]) revert NotPlatform(msg.sender);
        _;
    }

    constructor() {
        owner = msg.sender;
        emit OwnerChanged(address(0), msg.sender);
    }

    /// One entry, by its leaf hash.
    function single(bytes32 leaf) external onlyPlatform returns (Record memory) {
        return _record(leaf, 1, msg.sender);
    }

    /// Several entries, each a record of its own that needs no path.
    function many(bytes32[] calldata leaves) external onlyPlatform {
        for (uint256 i = 0; i < leaves.length; ++i) {
            _record(leaves[i], 1, msg.sender);
        }
    }

    /// `count` entries by the root of their tree; each is proven by its RFC 6962 path.
    function batch(bytes32 root, uint64 count) external onlyPlatform returns (Record memory) {
        return _record(root, count, msg.sender);
    }

    /// One entry that its user and a platform have both signed. The signers are named and compared:
    /// recovery alone gives some address for any signature. The platform's signature is the warrant,
    /// so that anybody may hand the transaction in.
    function depositCosigned(
        bytes32 leaf,
        address user,
        address platform,
        bytes calldata userSignature,
        bytes calldata platformSignature
    ) external returns (Record memory) {
        if (!platforms[platform]) revert NotPlatform(platform);
        bytes32 digest = depositDigest(leaf, user, platform);
        _requireSigned(digest, user, userSignature);
        _requireSigned(digest, platform, platformSignature);
        if (cosigned[leaf][user] == address(0)) {
            cosigned[leaf][user] = platform;
            emit CoSigned(leaf, user, platform);
        }
        return _record(leaf, 1, platform);
    }

    /// The record of these `count` entries; its own count is 0 when there is none.
    function recordOf(bytes32 root, uint64 count) external view returns (Record memory) {
        return records[root][count];
    }

    /// What both parties of a co-signed deposit sign (EIP-712).
    function depositDigest(bytes32 leaf, address user, address platform) public view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(DOMAIN_TYPE, keccak256("DepositAnchor"), keccak256("1"), block.chainid, address(this))
        );
        bytes32 content = keccak256(abi.encode(DEPOSIT_TYPE, leaf, user, platform));
        return keccak256(abi.encodePacked("\x19\x01", domain, content));
    }

    function setPlatform(address platform, bool permitted) external onlyOwner {
        platforms[platform] = permitted;
        emit PlatformChanged(platform, permitted);
    }

    /// Ownership moves in two steps, so that it cannot be lost to a mistyped address.
    function proposeOwner(address to) external onlyOwner {
        pendingOwner = to;
        emit OwnerProposed(owner, to);
    }

    function acceptOwner() external {
        if (msg.sender != pendingOwner) revert NotOwner();
        emit OwnerChanged(owner, msg.sender);
        owner = msg.sender;
        pendingOwner = address(0);
    }

    function _record(bytes32 root, uint64 count, address platform)
        private
        returns (Record memory found)
    {
        if (root == bytes32(0)) revert NoRoot();
        if (count == 0) revert NoEntries();
        if (count > MAX_BATCH) revert TooMany(MAX_BATCH);
        found = records[root][count];
        if (found.count != 0) return found;
        found = Record(count, size, uint64(block.timestamp), uint64(block.number));
        records[root][count] = found;
        size = found.first + count;
        ++recordCount;
        emit Anchored(root, platform, found.first, count);
    }

    function _requireSigned(bytes32 digest, address expected, bytes calldata signature) private pure {
        if (signature.length != 65) revert BadSignature();
        bytes32 r = bytes32(signature[0:32]);
        bytes32 s = bytes32(signature[32:64]);
        uint8 v = uint8(signature[64]);
        if (v != 27 && v != 28) revert BadSignature();
        if (uint256(s) > HALF_ORDER) revert HighS();
        address signer = ecrecover(digest, v, r, s);
        if (signer == address(0) || signer != expected) revert WrongSigner(expected);
    }
}
