// Every page, on a phone and on a desk, by day and by night.
import { as, axe, equal, expect, go, keyboard, main, noSideways, picture, scene } from "./common.mjs";

const sizes = [{ width: 390, height: 844 }, { width: 1280, height: 900 }];

await main(async (browser) => {
  expect(/status of 40[34]/);
  const { owner, viewer, decision, foreign, group } = scene;
  const pages = [
    ["now", owner, "/", 200],
    ["decisions", owner, "/decisions", 200],
    ["decisions-found", owner, "/decisions?text=riches", 200],
    ["decisions-none", owner, "/decisions?text=nothing-like-that", 200],
    ["decision", owner, "/decisions/" + decision, 200],
    ["simulator", owner, "/simulator", 200],
    ["policy", owner, "/policy", 200],
    ["tenant", owner, "/policy/tenant/garden", 200],
    ["group", owner, "/policy/group/" + group, 200],
    ["members", owner, "/members/" + group, 200],
    ["usage", owner, "/usage", 200],
    ["waiting", owner, "/waiting", 200],
    ["system", owner, "/system", 200],
    ["people", owner, "/people", 200],
    ["audit", owner, "/audit", 200],
    ["setup", owner, "/setup", 200],
    ["missing", owner, "/no-such-page", 404],
    ["viewer-now", viewer, "/", 200],
    ["viewer-decision", viewer, "/decisions/" + decision, 200],
    ["viewer-people", viewer, "/people", 200],
    ["viewer-members", viewer, "/members/" + group, 200],
    ["denied", viewer, "/decisions/" + foreign, 403],
    ["login", null, "/login", 200],
  ];
  const wrong = [];
  for (const viewport of sizes) {
    for (const colorScheme of ["light", "dark"]) {
      for (const [name, who, path, status] of pages) {
        const context = await as(browser, who, { viewport, colorScheme });
        const page = await context.newPage();
        const where = `${name} at ${viewport.width}, ${colorScheme}`;
        try {
          equal(await go(page, path), status, where);
          await noSideways(page, where);
          await picture(page, `${name}-${viewport.width}-${colorScheme}`);
          wrong.push(...(await axe(page)).map((words) => `${where}: axe: ${words}`));
          if (colorScheme === "light") await keyboard(page, where);
          // What is folded away is looked at as well.
          const folded = await page.evaluate(() => {
            const closed = [...document.querySelectorAll("details:not([open])")];
            closed.forEach((one) => { one.open = true; });
            return closed.length;
          });
          if (folded > 0) {
            await noSideways(page, where + ", unfolded");
            wrong.push(...(await axe(page)).map((words) => `${where}, unfolded: axe: ${words}`));
            if (colorScheme === "light" && viewport.width === 390) await keyboard(page, where + ", unfolded");
          }
        } catch (error) {
          wrong.push(error.message);
        }
        await context.close();
      }
    }
  }
  console.log(`pages: ${pages.length} at ${sizes.length} sizes in 2 colours`);
  equal(wrong.length, 0, wrong.slice(0, 30).join("\n"));
});
