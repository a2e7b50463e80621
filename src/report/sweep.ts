/** The trainings that a comparison lacks, as lines for a shell, as a job array of Slurm and as an Indexed Job of Kubernetes. */

/** One training as a command line; it may be repeated, and goes on where it was. */
export interface TrainingCommand {
  /** Behind `pspc`: `train`, and its words. */
  readonly words: readonly string[];
  readonly run: string;
}

/** Plain words stay as they are; others stand in quotes that no shell looks into. */
export const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

export const shellLine = (words: readonly string[]): string => words.map(shellWord).join(" ");

/** A line a training, for `xargs`, GNU parallel and whatever else starts processes. */
export const shellLines = (
  program: readonly string[],
  commands: readonly TrainingCommand[],
): string => commands.map(({ words }) => shellLine([...program, ...words])).join("\n");

export interface Sweep {
  readonly name: string;
  /** What the user typed. */
  readonly typed: string;
  readonly commands: readonly TrainingCommand[];
  /** The most at one time; `null` leaves it to the cluster. */
  readonly atOnce: number | null;
  /** Seconds that a training waits for another process in its folder, such as its own before a requeue. */
  readonly wait: number;
}

export interface SlurmSweep extends Sweep {
  readonly folder: string;
  readonly program: readonly string[];
  /** Of what the tasks say: a file each, as Slurm names them. */
  readonly log: string;
}

/** Seconds before the time limit at which Slurm tells a task. */
const NOTICE = 60;

/**
 * Slurm tells the script before the time limit: it lets the training save, and puts itself into the queue again.
 * https://slurm.schedmd.com/sbatch.html: `--signal`, `--requeue`, `--array`.
 */
export const slurmScript = (sweep: SlurmSweep): string => `#!/bin/bash
# ${oneLine(sweep.typed)}
# A task a training. Each goes on where it was interrupted, and does nothing where it is finished.
#SBATCH --job-name=${sweep.name}
#SBATCH --array=0-${sweep.commands.length - 1}${sweep.atOnce === null ? "" : `%${sweep.atOnce}`}
#SBATCH --output="${sweep.log}"
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:INT@${NOTICE}

cd ${shellWord(sweep.folder)} || exit 1
${chosenBy("SLURM_ARRAY_TASK_ID", sweep.commands)}

# ${NOTICE} seconds before the time limit Slurm sends INT: the training saves, and the task is queued again.
limit=
stop() { kill -TERM "$training" 2>/dev/null; }
trap 'limit=reached; stop' INT
trap stop TERM
${shellLine(sweep.program)} "$@" --wait ${sweep.wait} &
training=$!
wait "$training"
code=$?
while kill -0 "$training" 2>/dev/null; do
  wait "$training"
  code=$?
done
if [ -n "$limit" ] && [ "$code" -ne 0 ] && [ "\${SLURM_RESTART_COUNT:-0}" -lt 100 ]; then
  scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"`;

/** What a person typed may hold anything, and stands in a comment. */
const oneLine = (text: string): string => text.replace(/\s+/g, " ");

const chosenBy = (index: string, commands: readonly TrainingCommand[]): string =>
  [
    `case $${index} in`,
    ...commands.map(({ words }, i) => `  ${i}) set -- ${shellLine(words)} ;;`),
    "esac",
  ].join("\n");

/** Where the recipe in docs/install.md puts pspc, and where the manifest mounts the volume. */
const IN_IMAGE = "/app/node_modules/pspc/bin/pspc.js";
const MOUNT = "/sweep";

/**
 * A pod a training; the cluster starts again what fails, until each has ended well.
 * https://kubernetes.io/docs/concepts/workloads/controllers/job/#completion-mode
 */
export const kubernetesJob = (sweep: Sweep): string => {
  const { commands, wait } = sweep;
  const script = [
    chosenBy("JOB_COMPLETION_INDEX", commands),
    `exec node ${IN_IMAGE} "$@" --wait ${wait}`,
  ].join("\n");
  return `# ${oneLine(sweep.typed)}
# A pod a training. Each goes on where it was interrupted, and does nothing where it is finished.
# Fill in image, claimName and resources, then: kubectl apply -f FILE.
apiVersion: batch/v1
kind: Job
metadata:
  name: ${dnsName(sweep.name)}
spec:
  completionMode: Indexed
  completions: ${commands.length}
  parallelism: ${Math.min(commands.length, sweep.atOnce ?? commands.length)}
  backoffLimit: ${6 * commands.length}
  template:
    spec:
      restartPolicy: OnFailure
      terminationGracePeriodSeconds: 120   # the training saves and ends
      containers:
        - name: train
          image: pspc:0.2.0   # the container of docs/install.md
          workingDir: ${MOUNT}   # the volume holds specs, data and runs as the folder here does
          command:
            - sh
            - -c
            - |
${script.replace(/^/gm, " ".repeat(14))}
          resources:
            requests: {cpu: "4", memory: 8Gi}   # for a GPU: limits: {nvidia.com/gpu: 1}
          volumeMounts:
            - {name: sweep, mountPath: ${MOUNT}}
      volumes:
        - name: sweep
          persistentVolumeClaim: {claimName: pspc-sweep}   # one that many pods may write`;
};

/** RFC 1123: small letters, digits and hyphens, at most 63. */
const dnsName = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, 52)
    .replace(/-+$/, "");
