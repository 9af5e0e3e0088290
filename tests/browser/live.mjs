// What goes wrong shows by itself, in time.
import { as, equal, expect, go, main, picture, please, scene } from "./common.mjs";

const timed = async (what, most, wait) => {
  const begun = Date.now();
  await wait;
  const took = Date.now() - begun;
  console.log(`live: ${what} after ${took} ms`);
  if (took > most) throw new Error(`${what} took ${took} ms, more than ${most}`);
};

await main(async (browser) => {
  const context = await as(browser, scene.owner);
  const page = await context.newPage();
  await go(page, "/");
  const card = page.locator(`[data-group="${scene.group}"]`);
  await card.getByText("Connected").waitFor({ timeout: 15000 });
  await please("backlog");
  await timed(scene.state, 10000, card.locator("[data-kind=warn]").getByText(scene.state, { exact: true }).waitFor({ timeout: 12000 }));
  await page.waitForFunction(() => Number(document.querySelector("[data-live='numbers.outbox']").textContent.replace(/\D/g, "")) > 0);
  await picture(page, "live-" + scene.state.toLowerCase());
  if (scene.state !== "Rate-limited") return;
  await please("spent");
  await timed("a budget mode", 15000, page.locator(".budget").getByText("without AI").first().waitFor({ timeout: 17000 }));
  // The same session ends in another window.
  expect(/status of 401/);
  const elsewhere = await context.newPage();
  await go(elsewhere, "/usage");
  await elsewhere.getByRole("button", { name: "Log out" }).click();
  equal(new URL(elsewhere.url()).pathname, "/login", "logged out");
  await timed("the end of a session", 10000, page.getByText("You were logged out").waitFor({ timeout: 12000 }));
});
