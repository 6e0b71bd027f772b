import { tryToLead } from "@pricefleet/database";
import { expect, it } from "vitest";
import { anItem, beginRun, connectForTest, quietLogger, storePage } from "../../test/api/index.ts";
import { createTestDatabase } from "../../test/harness/index.ts";
import { matchTitles } from "./match-titles.ts";

const db = await connectForTest((await createTestDatabase()).workerUrl);

it("titles that an older catalog read, or none did, are matched again, and all others are left", async () => {
  const titles = ["RTX 4090 Founders Edition", "RTX 3060 12GB", "ThinkPad X1"];
  await storePage(
    db,
    await beginRun(db, "cards"),
    titles.map((title, index) => anItem(String(index), { title })),
  );
  const matched = () =>
    db
      .selectFrom("listing_models")
      .select(["offer", "model", "memory_gb", "catalog_version"])
      .orderBy("listing_id")
      .execute();
  const atFirst = await matched();
  expect(atFirst.map(({ model }) => model)).toEqual(["GeForce RTX 4090", "GeForce RTX 3060", null]);

  await db
    .updateTable("listing_models")
    .set({ catalog_version: 0, model: null })
    .where("memory_gb", "=", 24)
    .execute();
  await db.deleteFrom("listing_models").where("memory_gb", "=", 12).execute();
  const term = await tryToLead(db, "dispatcher", "a test", 30);
  if (term === null) throw new Error("nobody else leads here");
  await matchTitles(term, { db, logger: quietLogger });
  expect(await matched()).toEqual(atFirst);
});
