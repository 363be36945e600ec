"""What the site serves, made once and the same each time."""

from __future__ import annotations

import gzip
import io
from dataclasses import dataclass, field
from hashlib import sha256

from PIL import Image, ImageDraw

#: Bytes of the file that /download hands out.
DOWNLOAD = b"".join(sha256(n.to_bytes(4, "big")).digest() for n in range(6250))
#: Chinese text of the GBK page: common words, and punctuation that GBK spells in its own way.
GBK_TEXT = "国家图书馆的藏书目录，收录了《著作权法》与“网络传播”的全部案例。"
LONG_PARAGRAPHS = 400


@dataclass(frozen=True, slots=True)
class Answer:
    """``delay`` in seconds before anything is sent."""

    body: bytes
    kind: str = "text/html; charset=utf-8"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0


def picture(width: int, height: int, colour: str, label: str) -> bytes:
    """A PNG of one colour with a label."""
    image = Image.new("RGB", (width, height), colour)
    ImageDraw.Draw(image).text((10, 10), label, fill="white")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def html(title: str, body: str, *, head: str = "", charset: str = "utf-8") -> str:
    return f"""<!DOCTYPE html>
<html lang="zh"><head><meta charset="{charset}"><title>{title}</title>
<link rel="stylesheet" href="/style.css">{head}</head>
<body><nav><a href="/">首页</a> <a href="/article">文章</a> <a href="/gallery">图片</a>
<a href="/long">长页</a> <a href="/gbk">GBK</a> <a href="/downloads">下载</a></nav>
{body}</body></html>
"""


def _page(title: str, body: str, **more: str) -> Answer:
    return Answer(html(title, body, **more).encode())


def _home() -> Answer:
    return _page(
        "测试站点 · Test site",
        "<h1>测试站点</h1><p>本站用于测试网页取证。This site is here to be captured.</p>"
        '<img src="/images/red.png" alt="红"><img src="/images/blue.png" alt="蓝">'
        '<p id="script">no script</p><script src="/script.js"></script>',
    )


def _long() -> Answer:
    lines = "".join(
        f'<p id="p{n}">第 {n} 段：内容相同而编号不同，用来检验长页截图是否完整。</p>'
        for n in range(1, LONG_PARAGRAPHS + 1)
    )
    last = '<div id="end" style="background:#0a0;height:120px">END 终</div>'
    lazy = '<img loading="lazy" src="/images/lazy.png" alt="lazy">'
    return _page("长页", f"<h1>长页</h1>{lines}{lazy}{last}")


def pages() -> dict[str, Answer]:
    """Path → answer."""
    style = b"body{margin:2rem;font:16px/1.6 sans-serif}nav a{margin-right:1rem}img{margin:4px}"
    gallery = "".join(f'<img src="/images/{n}.png" alt="{n}">' for n in range(6))
    return {
        "/": _home(),
        "/article": _page(
            "侵权文章", "<h1>作品被擅自转载</h1><p>全文照抄，未署名，未付酬。</p>" * 3
        ),
        "/gallery": _page("图片", f"<h1>图片</h1>{gallery}"),
        "/long": _long(),
        "/gbk": Answer(
            html("国标码页面", f"<h1>{GBK_TEXT}</h1>", charset="gbk").encode("gbk"),
            "text/html; charset=gbk",
        ),
        "/gbk-undeclared": Answer(
            html("国标码页面", f"<h1>{GBK_TEXT}</h1>", charset="gbk").encode("gbk"), "text/html"
        ),
        "/bom": Answer(b"\xef\xbb\xbf" + html("BOM", "<h1>BOM</h1>").encode()),
        "/downloads": _page("下载", '<h1>下载</h1><a id="get" href="/download">下载文件</a>'),
        "/download": Answer(
            DOWNLOAD,
            "application/octet-stream",
            headers={"Content-Disposition": "attachment; filename*=UTF-8''%E8%AF%81%E6%8D%AE.bin"},
        ),
        "/form": _page(
            "表单", '<form method="post" action="/posted"><input name="q" value="值"><button>送'
        ),
        "/posted": _page("已收到", "<h1>已收到</h1>"),
        "/frames": _page("框架", '<iframe src="/article"></iframe>'),
        "/worker": _page("工人", "<script>new Worker('/worker.js')</script>"),
        "/worker.js": Answer(b"fetch('/data.json')", "text/javascript"),
        "/data.json": Answer('{"数据": [1, 2, 3]}'.encode(), "application/json"),
        "/fetching": _page(
            "取数据",
            "<p id=out>…</p><script>fetch('/data.json').then(r=>r.json()).then(d=>{"
            "document.getElementById('out').textContent=JSON.stringify(d)})</script>",
        ),
        "/compressed": Answer(
            gzip.compress(html("压缩", "<h1>压缩传输</h1>" * 50).encode(), mtime=0),
            headers={"Content-Encoding": "gzip"},
        ),
        "/moved": Answer(b"", status=302, headers={"Location": "/moved-again"}),
        "/moved-again": Answer(b"", status=301, headers={"Location": "/article"}),
        "/missing": Answer(html("没有", "<h1>404</h1>").encode(), status=404),
        "/slow": Answer(html("慢", "<h1>慢</h1>").encode(), delay=3.0),
        "/dialog": _page("对话框", "<script>alert('停')</script><p>after</p>"),
        "/popup": _page(
            "弹窗", "<button id=open onclick=\"window.open('/article')\">open</button>"
        ),
        "/webdriver": _page(
            "webdriver", "<script>document.title=String(navigator.webdriver)</script>"
        ),
        "/style.css": Answer(style, "text/css"),
        "/script.js": Answer(
            b"document.getElementById('script').textContent='script ran'", "text/javascript"
        ),
        "/favicon.ico": Answer(picture(16, 16, "#1d4f7c", ""), "image/png"),
        "/images/red.png": Answer(picture(320, 200, "#b3261e", "red"), "image/png"),
        "/images/blue.png": Answer(picture(320, 200, "#1d4f7c", "blue"), "image/png"),
        "/images/lazy.png": Answer(picture(640, 300, "#7a4a00", "lazy"), "image/png"),
        **{
            f"/images/{n}.png": Answer(picture(300, 200, f"#{n}{n}5588", str(n)), "image/png")
            for n in range(6)
        },
    }
