import { spawn } from 'node:child_process';

/** A program of a driver ended with a status other than 0, or couldn't be started; the message has what it wrote. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError';
}

/**
 * Runs a program to its end.
 * @returns its standard output
 * @throws ProgramError
 */
export function runProgram(
  command: string,
  args: readonly string[],
  { input = '', timeoutMs = 60_000 }: { readonly input?: string; readonly timeoutMs?: number } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args], { stdio: 'pipe' });
    const what = [command, ...args].join(' ');
    let output = '';
    let errors = '';
    const timer = setTimeout(() => {
      errors += `\nnot done within ${timeoutMs} ms`;
      child.kill('SIGKILL');
    }, timeoutMs);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    child.once('error', (cause) => {
      clearTimeout(timer);
      reject(new ProgramError(`${what}: ${cause.message}`, { cause }));
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve(output);
      else reject(new ProgramError(`${what}: ended with ${signal ?? `status ${code}`}: ${errors.trim()}`));
    });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
