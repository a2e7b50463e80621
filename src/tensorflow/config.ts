/** TensorFlow's protocol messages for sessions, servers and runs: `ConfigProto`, `ServerDef` and `RunOptions`, encoded. */

import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { message, text, whole } from "./proto.js";

/** Where the first of a gang stands: who leads the group of devices. */
export const LEADER = "/job:worker/replica:0/task:0";

/** A session or a server. */
export interface Config {
  /** How many devices the processor is counted as. */
  readonly processors: number;
}

/** `ConfigProto` of `config.proto`: 1 device_count, 7 allow_soft_placement, 16 experimental. */
const config = (writer: BinaryWriter, { processors }: Config): void => {
  message(writer, 1, (entry) => {
    text(entry, 1, "CPU");
    whole(entry, 2, processors);
  });
  // A GPU has no kernels for some whole numbers.
  writer.tag(7, WireType.Varint).bool(true);
  message(writer, 16, (experimental) => void text(experimental, 1, LEADER));
};

export const configBytes = (of: Config): Uint8Array => {
  const writer = new BinaryWriter();
  config(writer, of);
  return writer.finish();
};

/** `RunOptions`: 2 timeout_in_ms, 8 experimental, of which 1 is collective_graph_key. */
export const runOptions = (seconds: number | null, key: number | null): Uint8Array => {
  const writer = new BinaryWriter();
  if (seconds !== null) whole(writer, 2, Math.ceil(seconds * 1000));
  // The sessions of a gang count the runs of a graph together, by this number of it.
  if (key !== null) message(writer, 8, (experimental) => void whole(experimental, 1, key));
  return writer.finish();
};

/** `ServerDef` of `tensorflow_server.proto`: 1 cluster, 2 job_name, 3 task_index, 4 config, 5 protocol. */
export const serverDef = (hosts: readonly string[], rank: number, of: Config): Uint8Array => {
  const writer = new BinaryWriter();
  message(writer, 1, (cluster) =>
    message(cluster, 1, (job) => {
      text(job, 1, "worker");
      for (const [task, host] of hosts.entries())
        message(job, 2, (entry) => {
          whole(entry, 1, task);
          text(entry, 2, host);
        });
    }),
  );
  text(writer, 2, "worker");
  whole(writer, 3, rank);
  message(writer, 4, (inner) => config(inner, of));
  text(writer, 5, "grpc");
  return writer.finish();
};
