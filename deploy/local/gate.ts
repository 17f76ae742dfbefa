import type { ChildProcess } from "node:child_process"
import type { Writable } from "node:stream"

/** The shell that waits behind its gate, and the descriptor that the gate must be: a pipe. */
export const gateShell = "/bin/sh"
export const gateDescriptor = 3

// The shell waits for a line before it becomes the program: a starter killed between starting it and telling the keeper
// about it closes that pipe, and the program never runs.
const gate = `IFS= read -r go <&${gateDescriptor} || exit 125; exec ${gateDescriptor}<&-; exec "$@"`

/** Arguments of `gateShell` for a command that begins once its gate is opened; `name` stands before what the shell says. */
export const behindGate = (name: string, command: string, args: ReadonlyArray<string>): Array<string> => ["-c", gate, name, command, ...args]

/** Lets a command begin. Rejects when it has ended already. */
export const openGate = (child: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    const pipe = child.stdio[gateDescriptor] as Writable | null
    pipe?.on("error", reject)
    pipe?.end("go\n", () => resolve())
  })
