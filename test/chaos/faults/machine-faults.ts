import { execFileSync } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitFor } from "../../fleet/index.ts";
import type { Fault } from "../fault.ts";

/** Smaller than what a hundred pages take. */
const SMALL_DISK = "256k";
/** Of Debian's package libfaketime, for a process of several threads. */
const [fakeTime = null] = globSync("/usr/lib/*/faketime/libfaketimeMT.so.1");
const clockFile = join(mkdtempSync(join(tmpdir(), "pricefleet-clock-")), "clock");
const setClock = (offset: string) => writeFileSync(clockFile, offset);

/** What happens to the machines that services run on. */
export const machineFaults: Fault[] = [
  {
    name: "clock-jumps",
    missing: fakeTime === null ? "Debian's package libfaketime is not installed" : null,
    arrange() {
      setClock("+0");
      return {
        environmentOfSome: {
          LD_PRELOAD: fakeTime ?? "",
          FAKETIME_TIMESTAMP_FILE: clockFile,
          FAKETIME_CACHE_DURATION: "1",
          FAKETIME_DONT_FAKE_MONOTONIC: "1",
        },
      };
    },
    /** Past every message's deadline, far back, and right again. */
    async strike({ untilEnded }, closers) {
      closers.defer(() => rmSync(clockFile));
      await untilEnded(0.1);
      setClock("+13h");
      await untilEnded(0.2);
      setClock("-2d");
      await untilEnded(0.25);
      setClock("+0");
    },
  },
  {
    name: "snapshot-disk-full",
    missing: process.getuid?.() === 0 ? null : "only root may mount a small disk",
    async strike({ fleet, book }, closers) {
      const disk = fleet.snapshotDir;
      mkdirSync(disk, { recursive: true });
      execFileSync("mount", ["-t", "tmpfs", "-o", `size=${SMALL_DISK}`, "tmpfs", disk]);
      closers.defer(() => void execFileSync("umount", ["--lazy", disk]));
      await waitFor("the disk to be full", 180_000, async () => {
        const { rows } = await book.query("SELECT FROM target_failures WHERE reason = 'disk' LIMIT 1");
        return rows.length > 0 ? true : null;
      });
      execFileSync("mount", ["-o", "remount,size=512m", disk]);
    },
  },
];
