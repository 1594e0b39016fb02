import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Contestant } from './interleave.ts'

/** A Python process of `peers/` that times its own steps on request, one JSON line a request. */
export class PythonPeer {
  readonly hello: Record<string, unknown>
  private readonly process: ChildProcessWithoutNullStreams
  private readonly lines: AsyncIterator<string>
  private readonly reader: Interface

  private constructor(process: ChildProcessWithoutNullStreams, reader: Interface, lines: AsyncIterator<string>, hello: string) {
    this.process = process
    this.reader = reader
    this.lines = lines
    this.hello = JSON.parse(hello) as Record<string, unknown>
  }

  /**
   * Starts a peer.
   *
   * @param python the interpreter, with the peer's packages installed
   * @param script file name in `peers/`
   * @returns the peer, or the reason why it can't run
   */
  static async start(python: string, script: string, ...args: string[]): Promise<PythonPeer | string> {
    const file = fileURLToPath(new URL(`../peers/${script}`, import.meta.url))
    const process = spawn(python, [file, ...args])
    let complaint = ''
    process.stderr.on('data', (data: Buffer) => {
      complaint += data.toString()
    })
    const failed = new Promise<undefined>((resolve) => process.on('error', () => resolve(undefined)))
    const reader = createInterface(process.stdout)
    const lines = reader[Symbol.asyncIterator]()
    const first = await Promise.race([lines.next(), failed])
    if (first === undefined || first.done === true)
      return `${python} ${script}: ${complaint.trim().split('\n').at(-1) ?? 'did not start'}`
    return new PythonPeer(process, reader, lines, first.value)
  }

  /** A contestant whose steps the peer runs; `request` is merged into each request. */
  contestant(name: string, request: object): Contestant {
    return {
      name,
      run: async (steps) => {
        this.process.stdin.write(`${JSON.stringify({ ...request, steps })}\n`)
        const answer = await this.lines.next()
        if (answer.done === true) throw new Error(`The peer ended while it ran ${name}.`)
        return (JSON.parse(answer.value) as { ms: number[] }).ms
      },
    }
  }

  stop(): void {
    this.reader.close()
    this.process.kill()
  }
}
