// What people do on the page: trying a message, changing a budget, undoing, and what each role gets; with a script and without.
import { as, assert, equal, expect, go, main, password, please, scene, url } from "./common.mjs";

const { owner, admin, viewer, decision, second, third, foreign, group, foreignGroup } = scene;

const simulator = async (browser) => {
  const context = await as(browser, admin);
  const page = await context.newPage();
  await go(page, "/simulator");
  await page.getByRole("textbox", { name: "Message" }).fill("Hello all, quick riches club today");
  const verdict = page.locator("#verdict-chip");
  await verdict.getByText("Blocked").waitFor();
  const before = (await please("orders")).decisions;
  // The threshold above the score: the verdict is another at once, before any answer could come.
  await page.route("**/form", () => {});
  await page.getByRole("spinbutton", { name: "Blocked from" }).fill("150");
  equal(await verdict.innerText(), "Unsure", "a threshold moved shows at once");
  await page.getByRole("slider", { name: "Blocked from" }).press("Home");
  equal(await verdict.innerText(), "Blocked", "so does its slider");
  await page.getByRole("spinbutton", { name: "Blocked from" }).fill("80");
  await page.unroute("**/form");
  await page.getByRole("textbox", { name: "Message" }).fill("has anybody seen my cat?");
  await page.locator("#result").getByText("No rule saw anything").waitFor();
  equal((await please("orders")).decisions, before, "nothing came of trying");
  await context.close();
};

const budget = async (browser) => {
  const context = await as(browser, owner);
  const page = await context.newPage();
  await go(page, "/usage?tenant=garden");
  const place = page.getByRole("region", { name: "Budget of garden" });
  await place.getByText("Change the budget").click();
  // Held on its way, so that what shows is the page's own.
  let letGo;
  const held = new Promise((resolve) => { letGo = resolve; });
  await page.route("**/form", async (route) => { await held; await route.continue(); });
  await place.getByLabel("Calls a month").fill("4321");
  await place.getByRole("button", { name: "Save" }).click();
  const shown = place.locator("[data-shows='calls:n']");
  const plain = async () => (await shown.innerText()).replace(/\D/g, "");
  equal(await plain(), "4321", "a change shows at once");
  letGo();
  await page.getByText("Saved.").waitFor();
  await page.unroute("**/form");
  equal(await plain(), "4321", "and stays");
  equal((await please("budget")).calls_cap, 4321, "the appliance has it");
  expect(/status of 422/);
  await place.getByText("Change the budget").click().catch(() => {});
  if (!(await place.getByLabel("Calls a month").isVisible())) await place.getByText("Change the budget").click();
  await place.getByLabel("Money a month").fill("a lot");
  await place.getByRole("button", { name: "Save" }).click();
  await place.locator("[aria-invalid=true]").waitFor();
  const field = place.getByLabel("Money a month");
  equal(await field.inputValue(), "a lot", "what was typed is kept");
  const reason = await page.locator("#" + (await field.getAttribute("aria-describedby")).split(" ").pop()).innerText();
  assert(reason.length > 3, "the reason stands beside the field");
  assert(!(await place.locator("[data-shows='money?']").innerText()).includes("a lot"), "a refused value is put back");
  equal((await please("budget")).calls_cap, 4321, "nothing was changed");
  await context.close();
};

const undo = async (browser) => {
  const context = await as(browser, admin);
  const page = await context.newPage();
  await go(page, "/decisions");
  await page.locator(`a[href="/decisions/${decision}"]`).first().click();
  await page.getByText("What came of it").waitFor();
  await page.getByText("Undo this decision").click();
  await page.getByRole("button", { name: "Undo it" }).click();
  await page.locator(".note[data-kind=good]").waitFor();
  await page.getByText("There is nothing to undo").waitFor();
  assert((await please("freed", { decision })).freed, "the member is free");
  await page.getByRole("button", { name: "This was fine" }).click();
  await page.getByRole("button", { name: "You said: this was fine" }).waitFor();
  await context.close();
};

const roles = async (browser) => {
  expect(/status of 403/);
  const context = await as(browser, viewer);
  const page = await context.newPage();
  for (const path of ["/", "/decisions", "/decisions/" + second, "/policy", "/policy/tenant/garden", "/policy/group/" + group, "/usage", "/waiting"]) {
    equal(await go(page, path), 200, path);
    const writes = await page.locator("form[method=post] button").allInnerTexts();
    equal(writes.filter((words) => words !== "Log out").join(), "", path + " has buttons for a viewer");
    const text = await page.locator("main").innerText();
    assert(!/riches/.test(text), path + " shows a text to a viewer");
  }
  for (const path of ["/simulator", "/system", "/audit"]) equal(await go(page, path), 403, path + " for a viewer");
  await context.close();
  const other = await as(browser, admin);
  const page2 = await other.newPage();
  const refusal = async (path) => {
    equal(await go(page2, path), 403, path);
    return page2.locator("main").innerText();
  };
  equal(await refusal("/decisions/" + foreign), await refusal("/decisions/987654"), "a foreign decision and none");
  equal(await refusal("/policy/group/" + foreignGroup), await refusal("/policy/group/-1009999999999"), "a foreign group and none");
  equal(await refusal("/policy/tenant/chess"), await refusal("/policy/tenant/nowhere"), "a foreign tenant and none");
  await go(page2, "/decisions?group=" + foreignGroup);
  equal(await page2.locator(".rows .row").count(), 0, "a foreign group's decisions");
  await other.close();
};

const withoutScript = async (browser) => {
  const context = await as(browser, null, { javaScriptEnabled: false });
  const page = await context.newPage();
  await go(page, "/policy/tenant/garden");
  equal(new URL(page.url()).pathname, "/login", "first log in");
  expect(/status of 422/);
  const login = page.locator("#form-login");
  await login.getByLabel("Name").fill("ann");
  await login.getByLabel("Password").fill("not this one");
  await login.getByRole("button").click();
  equal(await login.getByLabel("Name").inputValue(), "ann", "the name is kept");
  equal(await login.getByLabel("Password").inputValue(), "", "the password is not");
  await login.getByLabel("Password").fill(password);
  await login.getByRole("button").click();
  equal(page.url(), url + "/policy/tenant/garden", "and then to where one wanted to go");
  const before = (await please("block")).block;
  const scores = page.getByRole("region", { name: "Scores" });
  await scores.getByLabel("Blocked from").fill("93");
  await scores.getByRole("button", { name: "See what would change" }).click();
  await page.getByText("What would change").first().waitFor();
  equal((await please("block")).block, before, "nothing yet");
  await page.getByRole("button", { name: "Apply" }).click();
  equal(await page.getByRole("region", { name: "Scores" }).getByLabel("Blocked from").inputValue(), "93", "changed");
  equal((await please("block")).block, 93, "in force");
  await go(page, "/decisions/" + third);
  await page.getByText("Undo this decision").click();
  await page.getByRole("button", { name: "Undo it" }).click();
  assert((await please("freed", { decision: third })).freed, "the member is free");
  await context.close();
  const rich = await as(browser, owner, { javaScriptEnabled: false });
  const page2 = await rich.newPage();
  await go(page2, "/usage?tenant=garden");
  const place = page2.getByRole("region", { name: "Budget of garden" });
  await place.getByText("Change the budget").click();
  await place.getByLabel("Money a month").fill("plenty");
  await place.getByLabel("Calls a month").fill("77");
  await place.getByRole("button", { name: "Save" }).click();
  const field = page2.getByRole("region", { name: "Budget of garden" }).getByLabel("Money a month");
  equal(await field.inputValue(), "plenty", "what was typed is kept without a script");
  equal(await page2.getByRole("region", { name: "Budget of garden" }).getByLabel("Calls a month").inputValue(), "77", "all of it");
  equal(await field.getAttribute("aria-invalid"), "true", "and marked");
  await rich.close();
};

await main(async (browser) => {
  for (const part of [simulator, budget, undo, roles, withoutScript]) {
    await part(browser);
    console.log("use: " + part.name);
  }
});
