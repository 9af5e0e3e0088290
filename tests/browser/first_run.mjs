// From the printed address to enforcing, counting every field filled and every click.
import { assert, as, axe, code, equal, go, main, noSideways, password, picture, please, scene, url } from "./common.mjs";

await main(async (browser) => {
  const context = await as(browser, null, { viewport: { width: 390, height: 844 } });
  const page = await context.newPage();
  let interactions = 0;
  const fill = async (label, text) => { interactions++; await page.getByLabel(label).fill(text); };
  const click = async (name) => { interactions++; await page.getByRole("button", { name, exact: true }).click(); };
  const check = async (name) => {
    const wrong = await axe(page);
    equal(wrong.length, 0, name + ": axe: " + wrong.join("\n"));
    await noSideways(page, name);
    await picture(page, name);
  };

  // Whoever comes without the code gets to the same page, and nothing else.
  equal(await go(page, "/decisions"), 200, "the way to set up");
  equal(new URL(page.url()).pathname, "/setup", "nobody gets past setting up");

  await go(page, "/setup?code=" + code);
  equal(await page.getByLabel("Code").inputValue(), code, "the code of the printed address is filled in");
  await check("first-run-1-owner");
  await fill("Your name here", "olga");
  await fill("Password", password);
  await click("Begin");

  await page.getByLabel("Token").waitFor();
  await check("first-run-2-token");
  await fill("Token", scene.token);
  await click("Connect");

  await page.getByText("Add your bot to a group", { exact: false }).first().waitFor();
  assert(await page.getByText("@aegis_demo_bot").first().isVisible(), "the bot is named");
  await check("first-run-3-group");
  // In Telegram, somebody adds the bot and says something. The page is not touched.
  await please("group");
  await page.getByText("Neighbours").first().waitFor({ timeout: 15000 });
  await page.getByText("rehearsal on your own group").waitFor({ timeout: 15000 });
  await please("talk");
  await page.getByText("advertising").first().waitFor({ timeout: 15000 });
  equal((await please("touched")).touched, 0, "a rehearsal does nothing in the group");
  await check("first-run-4-rehearsal");
  await click("Enforce");

  await page.getByText("All set").waitFor();
  await check("first-run-5-done");
  const done = await please("spam");
  assert(done.deleted && done.banned, "the message is deleted and its sender banned");
  console.log(`first run: ${interactions} interactions`);
  assert(interactions <= 12, `${interactions} interactions are more than 12`);
  assert(url, "");
});
