"""A drawing leaves in place what one reads and points at: rows under the pointer, what is folded open, what is typed."""

from playwright.async_api import Browser, Page, Route, expect

from services.console.frame.files import address
from tests.browser.console import Console, person


def region(*names: str) -> str:
    rows = "".join(f'<tr><td><a href="/incidents/{name}">{name}</a></td></tr>' for name in names)
    return f"""<section data-region="rows"><p id="count">{len(names)} rows</p><details><summary>More</summary>words</details>
        <table data-keys="list"><tbody>{rows}</tbody></table></section>"""


async def probe(page: Page, console: Console, *names: str) -> list[str]:
    """Opens a page with a list; what the returned list holds is drawn from then on."""
    drawn, posted = list(names), []

    async def answer(route: Route) -> None:
        if route.request.method == "POST":
            posted.append(route.request.post_data)
            await route.fulfill(status=204)
        elif "forewarn-regions" in route.request.headers:
            await route.fulfill(body=region(*drawn), content_type="text/html")
        else:
            await route.fulfill(
                content_type="text/html",
                body=f"""<!doctype html><title>probe</title><script type="module" src="{address("forewarn.js")}"></script>
                <body data-prefix="" data-live="incidents" data-since="0"><time id="as-of"></time><span id="behind"></span><p id="lost"></p>
                <main id="main">{region(*names)}<form method="post" action="/probe"><input type="hidden" name="form_id" value="f-1">
                <textarea data-draft="ticket:t-1:reply"></textarea><button>Send</button></form></main></body>""",
            )

    await page.route("**/probe", answer)
    await page.goto("probe")
    await console.until_streams(1)
    return drawn


async def test_rows_do_not_move_under_the_pointer(chromium: Browser, console: Console) -> None:
    async with person(chromium, console) as window:
        page = await window.new_page()
        drawn = await probe(page, console, "a", "b")
        await page.get_by_role("link", name="b").hover()
        drawn[:] = ["new", "a", "b"]
        await console.incident("i-1", "anything")
        await expect(page.get_by_role("button", name="1 new: show")).to_be_visible()
        await expect(page.locator("#count")).to_have_text("3 rows")
        assert await page.get_by_role("link").all_text_contents() == ["a", "b"]
        await page.get_by_role("button", name="1 new: show").click()
        await expect(page.get_by_role("link")).to_have_text(["new", "a", "b"])


async def test_what_is_folded_open_and_typed_stays(chromium: Browser, console: Console) -> None:
    async with person(chromium, console, allowed=["404"]) as window:
        page = await window.new_page()
        drawn = await probe(page, console, "a")
        await page.get_by_text("More").click()
        await page.get_by_role("textbox").fill("half a rep")
        await page.get_by_role("textbox").focus()
        drawn[:] = ["a", "b"]
        await console.incident("i-1", "anything")
        await expect(page.locator("#count")).to_have_text("2 rows")
        await expect(page.get_by_text("words")).to_be_visible()
        await page.keyboard.type("ly")
        await expect(page.get_by_role("textbox")).to_have_value("half a reply")


async def test_a_draft_is_saved_and_a_form_is_sent_once(chromium: Browser, console: Console) -> None:
    async with person(chromium, console) as window:
        page = await window.new_page()
        saved: list[str | None] = []

        async def save(route: Route) -> None:
            saved.append(route.request.post_data)
            await route.fulfill(status=204)

        await page.route("**/drafts", save)
        await probe(page, console, "a")
        async with page.expect_request("**/drafts"):
            await page.get_by_role("textbox").fill("half a reply")
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.url) if request.method == "POST" and "probe" in request.url else None)
        async with page.expect_response("**/probe"):
            await page.get_by_role("button", name="Send").dblclick()
        assert saved == ["place=ticket%3At-1%3Areply&text=half+a+reply&form_id=f-1"]
        assert len(sent) == 1
