import { dirname, join } from 'node:path';
import {
  flagValue,
  joinErlangFlags,
  mentionsFlag,
  splitErlangFlags,
  withoutComments,
} from './erlang-flags.js';

/** Options of `macula run` that reach the node; what is absent keeps the value of the surrounding environment. */
export interface JoinOptions {
  /** Relay URLs in order of preference; empty: keep MACULA_RELAYS, or don't join at boot. */
  readonly relays: readonly string[];
  readonly realm?: string | undefined;
  readonly identity?: string | undefined;
  readonly tlsVerify?: 'none' | 'verify_peer' | undefined;
  /** File with the token of the realm, as an absolute path. */
  readonly tokenFile?: string | undefined;
  /** False: TLS over TCP only (MACULA_TRANSPORT). */
  readonly quic?: boolean | undefined;
}

/** What {@link joinEnvironment} works on. */
export interface JoinContext {
  /** The command to run and its arguments. */
  readonly command: readonly string[];
  /** The surrounding environment; it is not changed. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Directory of the OTP application's beams. */
  readonly ebin: string;
  /** Absolute path of the Node executable for the agent. */
  readonly nodePath: string;
  /** Reads an `-args_file` that the command names; undefined when it can't be read. */
  readonly readFile: (path: string) => string | undefined;
}

/** The environment for the command, and what the user should know about it. */
export interface JoinPlan {
  /** Variables to set on top of the surrounding environment. */
  readonly variables: Readonly<Record<string, string>>;
  /** Sentences for stderr, before the command starts. */
  readonly warnings: readonly string[];
}

/**
 * Computes the environment in which a stock `erl`, `iex` or release joins the mesh.
 *
 * A flag given twice is not harmless: OTP 25 takes `-proto_dist macula -proto_dist macula` for plain TCP without a word.
 * So each flag of ours is left out when the command line, a file it names with `-args_file`, or the user's own
 * ERL_AFLAGS, ERL_FLAGS or ERL_ZFLAGS has it. Of `-proto_dist` and `-mode` the first one counts, so ours go into
 * ERL_AFLAGS; of `-kernel` the last one, so it goes into ERL_ZFLAGS. `-setcookie` is never added: given twice, OTP
 * ignores both.
 */
export function joinEnvironment(options: JoinOptions, context: JoinContext): JoinPlan {
  const { environment } = context;
  const direct = [
    ...flagsOf(context.command),
    ...['ERL_AFLAGS', 'ERL_FLAGS', 'ERL_ZFLAGS'].flatMap((name) =>
      flagsOf(splitErlangFlags(environment[name] ?? '')),
    ),
  ];
  const all = [...direct, ...argumentFiles(direct, context.readFile)];
  const before = ['-pa', context.ebin];
  if (!mentionsFlag(all, '-proto_dist')) before.push('-proto_dist', 'macula');
  if (!mentionsFlag(all, '-no_epmd')) before.push('-no_epmd');
  if (!mentionsFlag(all, '-start_epmd')) before.push('-start_epmd', 'false');
  // A file's `-mode embedded` must lose against ours: a release that doesn't have macula in its boot script can't start in it. One that has says so.
  const isEmbedded = environment.RELEASE_MODE === 'embedded';
  if (!mentionsFlag(direct, '-mode') && !isEmbedded) before.push('-mode', 'interactive');
  const after = mentionsFlag(all, 'net_ticktime') ? [] : ['-kernel', 'net_ticktime', '120'];
  const variables: Record<string, string> = {
    ERL_AFLAGS: withSpace(joinErlangFlags(before), environment.ERL_AFLAGS),
    MACULA_NODE: context.nodePath,
    // Of this installation: a release has the application without the packages of its agent.
    MACULA_AGENT: environment.MACULA_AGENT || join(dirname(context.ebin), 'priv', 'agent.mjs'),
    RELEASE_MODE: environment.RELEASE_MODE || 'interactive',
  };
  const zflags = withSpace(environment.ERL_ZFLAGS, joinErlangFlags(after));
  if (zflags !== '') variables.ERL_ZFLAGS = zflags;
  // Spaces, because the pins of a URL may be separated by commas.
  if (options.relays.length > 0) variables.MACULA_RELAYS = options.relays.join(' ');
  if (options.realm !== undefined) variables.MACULA_REALM = options.realm;
  if (options.identity !== undefined) variables.MACULA_IDENTITY = options.identity;
  if (options.tlsVerify !== undefined) variables.MACULA_TLS_VERIFY = options.tlsVerify;
  if (options.tokenFile !== undefined) variables.MACULA_TOKEN_FILE = options.tokenFile;
  if (options.quic === false) variables.MACULA_TRANSPORT = 'tls';
  return { variables, warnings: warningsAbout(all) };
}

/** What stands before `-extra`; behind it are plain arguments. */
function flagsOf(args: readonly string[]): readonly string[] {
  const end = args.indexOf('-extra');
  return end < 0 ? args : args.slice(0, end);
}

function warningsAbout(args: readonly string[]): string[] {
  const carrier = flagValue(args, '-proto_dist');
  // `-proto_dist inet_tcp macula` asks for both; only the words up to the next flag belong to it.
  const words = args.flatMap((arg) => arg.split(/[\s"']+/));
  const start = words.indexOf('-proto_dist');
  const end = words.findIndex((word, index) => index > start && word.startsWith('-'));
  const carriers = start < 0 ? [] : words.slice(start + 1, end < 0 ? undefined : end);
  if (carrier === undefined || carriers.includes('macula')) return [];
  return [
    `the command chooses -proto_dist ${carrier}, so it doesn't join the mesh. Remove that flag, or write -proto_dist ${carrier} macula to have both.`,
  ];
}

function argumentFiles(args: readonly string[], readFile: JoinContext['readFile']): string[] {
  const found: string[] = [];
  const seen = new Set<string>();
  const queue = [...args];
  for (let index = 0; index < queue.length; index++) {
    const path = queue[index] === '-args_file' ? queue[index + 1] : undefined;
    if (path === undefined || seen.has(path) || seen.size >= argumentFilesMax) continue;
    seen.add(path);
    const text = readFile(path);
    if (text === undefined) continue;
    const words = splitErlangFlags(withoutComments(text));
    found.push(...words);
    queue.push(...words);
  }
  return found;
}

function withSpace(...parts: (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join(' ');
}

/** `-args_file` may nest; more files than this are not looked at. */
const argumentFilesMax = 16;
