import type { Fault } from "../fault.ts";
import { browserFaults } from "./browser-faults.ts";
import { machineFaults } from "./machine-faults.ts";
import { messageFaults } from "./message-faults.ts";
import { processFaults } from "./process-faults.ts";
import { serverFaults } from "./server-faults.ts";
import { siteFaults } from "./site-faults.ts";

export const faults: readonly Fault[] = [
  ...processFaults,
  ...serverFaults,
  ...browserFaults,
  ...siteFaults,
  ...messageFaults,
  ...machineFaults,
];
