/** The program of a data thread: its task is in `workerData`; what it makes goes into the task's ring. */

import { workerData } from "node:worker_threads";
import { writeSamples } from "./ring.js";
import { sampleWriter, type Task } from "./work.js";

const task = workerData as Task;
await writeSamples(task.ring, sampleWriter(task));
