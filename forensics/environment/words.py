"""What the checks are called and what they say, in Chinese and English."""

from __future__ import annotations

from typing import Final, NamedTuple


class Words(NamedTuple):
    zh: str
    en: str


#: Names of the checks.
TITLES: Final[dict[str, Words]] = {
    "host": Words("主机运行状态", "State of the host"),
    "image": Words("系统镜像", "System image"),
    "packages": Words("软件包版本", "Versions of packages"),
    "namespaces": Words("隔离空间", "Isolation"),
    "processes": Words("进程清单", "Processes"),
    "browser": Words("浏览器程序摘要", "Digest of the browser"),
    "browser-version": Words("浏览器版本", "Version of the browser"),
    "flags": Words("浏览器启动参数", "Switches of the browser"),
    "variables": Words("环境变量", "Environment variables"),
    "libraries": Words("注入的程序库", "Injected libraries"),
    "policies": Words("浏览器策略", "Policies of the browser"),
    "profile": Words("全新的用户配置", "Fresh profile"),
    "extensions": Words("浏览器扩展", "Extensions"),
    "user-certificates": Words("自行添加的根证书", "Added root certificates"),
    "root-store": Words("系统根证书库", "System root store"),
    "hosts": Words("hosts 文件", "Hosts file"),
    "resolver": Words("域名服务器", "Name servers"),
    "proxy": Words("代理", "Proxy"),
    "routes": Words("路由", "Routes"),
    "listeners": Words("监听端口", "Listening ports"),
    "mounts": Words("挂载点", "Mounts"),
    "public-address": Words("公网地址", "Public address"),
    "clock-tsa": Words("时钟与可信时间戳之差", "Clock against a time-stamp"),
    "clock-ntp": Words("时钟与时间服务器之差", "Clock against a time server"),
}

OUTCOMES: Final[dict[str, Words]] = {
    "pass": Words("通过", "Passed"),
    "fail": Words("未通过", "Failed"),
    "unknown": Words("无法判定", "Undetermined"),
}

#: Reason codes and their sentences.
REASONS: Final[dict[str, Words]] = {
    "nothing-expected": Words(
        "没有可供比对的已知值。", "Nothing is known that it could be compared with."
    ),
    "not-permitted": Words("没有读取权限。", "It may not be read."),
    "too-large": Words("内容过大，未读取。", "It is too large to be read."),
    "unreadable": Words("无法读取或内容不合规范。", "It cannot be read or makes no sense."),
    "gone": Words("所查看的进程已不存在。", "What was looked at is no longer there."),
    "too-late": Words("未能在规定时间内得出结果。", "It was not decided in time."),
    "no-answer": Words("浏览器没有应答。", "The browser did not answer."),
    "no-browser": Words("浏览器进程未知。", "The browser's process is not known."),
    "no-profile": Words("尚无用户配置文件夹。", "There is no profile yet."),
    "no-image": Words(
        "桌面直接使用主机的软件包，没有独立镜像。",
        "The desktop is made of the host's own packages; there is no image.",
    ),
    "no-time-server": Words("时间服务器均未应答。", "No time server answered."),
    "stale-time-stamp": Words(
        "时间戳并非近期取得。", "The time-stamp is not recent, or its times make no sense."
    ),
    "address-unknown": Words("公网地址无法得知。", "The public address could not be found out."),
    "host.pass": Words(
        "内核自启动以来没有故障记录。", "The kernel has met with no fault since it started."
    ),
    "host.fail": Words("内核记录了故障或强制加载的模块。", "The kernel has noted a fault."),
    "image.pass": Words("镜像版本已记录。", "The image is recorded."),
    "packages.pass": Words(
        "各软件包与安装时登记的版本一致。", "The packages are those noted at set-up."
    ),
    "packages.fail": Words(
        "有软件包与安装时登记的版本不同。", "A package differs from what was noted at set-up."
    ),
    "namespaces.pass": Words(
        "桌面的进程、文件、网络、用户均与主机隔离。",
        "The desktop has processes, files, network and users of its own.",
    ),
    "namespaces.shared": Words(
        "部分空间按设置与主机共用，主机上的其他程序对其有无影响无从判断。",
        "Some are shared with the host by arrangement; what else acts on them cannot be told.",
    ),
    "namespaces.fail": Words(
        "桌面与主机共用了不应共用的空间。",
        "The desktop shares with the host what it should not share.",
    ),
    "processes.pass": Words(
        "只有清单内的程序在运行，其摘要均相符。",
        "Only programs of the list run, each with the digest known for it.",
    ),
    "processes.fail": Words("有清单以外的程序在运行。", "A program runs that is not on the list."),
    "programs.fail": Words(
        "有程序的摘要与登记的不符。", "A program is not the one known under its name."
    ),
    "browser.pass": Words("浏览器程序与登记的摘要相符。", "The browser is the one known."),
    "browser.fail": Words("浏览器程序与登记的摘要不符。", "The browser is not the one known."),
    "browser-version.pass": Words("浏览器版本与安装的相符。", "The version is the one installed."),
    "browser-version.fail": Words(
        "浏览器版本与安装的不符。", "The version is not the one installed."
    ),
    "flags.pass": Words(
        "浏览器只使用了启动程序给出的参数，均无害。",
        "The browser has the launcher's switches alone, none of them harmful.",
    ),
    "flags.fail": Words(
        "有会削弱浏览器或来历不明的参数。",
        "A switch weakens the browser, or did not come from its launcher.",
    ),
    "variables.pass": Words(
        "环境变量均由启动程序给出。", "The variables are the launcher's, no others."
    ),
    "variables.fail": Words(
        "有来历不明或影响信任的环境变量。",
        "A variable did not come from the launcher, or changes what is trusted.",
    ),
    "libraries.pass": Words(
        "浏览器未加载系统以外的程序库。", "Nothing from outside the system is loaded."
    ),
    "libraries.fail": Words(
        "浏览器加载了系统以外的程序库。", "Something from outside the system is loaded."
    ),
    "policies.pass": Words("浏览器策略与登记的相符。", "The policies are those laid."),
    "policies.fail": Words("浏览器策略被增删或修改。", "The policies are not those laid."),
    "profile.pass": Words(
        "用户配置为本次会话新建，没有浏览痕迹。",
        "The profile was made for this session and remembers nothing.",
    ),
    "profile.fail": Words(
        "用户配置中有旧文件或浏览痕迹。", "The profile has older files or traces of use."
    ),
    "extensions.pass": Words("没有安装任何扩展。", "There is no extension."),
    "extensions.fail": Words("发现浏览器扩展。", "There is an extension."),
    "user-certificates.pass": Words("没有自行添加的根证书。", "No root certificate was added."),
    "user-certificates.fail": Words("发现自行添加的根证书。", "A root certificate was added."),
    "root-store.pass": Words(
        "系统根证书库与登记的摘要相符。", "The system's root store is the one known."
    ),
    "root-store.fail": Words(
        "系统根证书库与登记的摘要不符。", "The system's root store is not the one known."
    ),
    "hosts.pass": Words("hosts 文件只有本机名称。", "The hosts file names this machine alone."),
    "hosts.fail": Words("hosts 文件指定了其他名称的地址。", "The hosts file redirects names."),
    "resolver.pass": Words("域名服务器与设置的相符。", "The name servers are those given."),
    "resolver.fail": Words("域名服务器与设置的不符。", "The name servers are not those given."),
    "proxy.pass": Words("没有使用代理。", "There is no proxy."),
    "proxy.fail": Words("设置了代理。", "A proxy is set."),
    "routes.pass": Words("路由与设置的相符。", "The routes are those laid."),
    "routes.fail": Words("路由与设置的不符。", "The routes are not those laid."),
    "listeners.pass": Words("没有多余的监听端口。", "Nothing else listens."),
    "listeners.fail": Words("有来历不明的监听端口。", "Something listens that should not."),
    "mounts.pass": Words("挂载点与设置的相符。", "The mounts are those made."),
    "mounts.fail": Words("挂载点与设置的不符。", "The mounts are not those made."),
    "public-address.pass": Words("公网地址已记录。", "The public address is recorded."),
    "clock.pass": Words("时钟偏差在允许范围内。", "The clock is right within the tolerance."),
    "clock.fail": Words("时钟偏差超出允许范围。", "The clock is off by more than the tolerance."),
}
