/** What a scenario tells a process full of agents, a line of JSON each on its standard input. */
export type CrowdCommand =
  /** An agent joins, with a key that is always the same for its name; answered with true when it has a relay, with false when it leaves before. */
  | {
      readonly do: 'join';
      readonly name: string;
      readonly relays: readonly string[];
      readonly standbySessions: number;
    }
  /** An agent leaves; answered when its sessions are over. */
  | { readonly do: 'leave'; readonly name: string }
  /** Where the agents are: {@link AgentStatus} of each. */
  | { readonly do: 'status' }
  /** Opens a tunnel, and has some bytes echoed: {@link ReachResult}. */
  | { readonly do: 'reach'; readonly from: string; readonly to: string; readonly bytes: number }
  /** Keeps a session at a relay that sends a PING each 100 ms. */
  | { readonly do: 'start-pings'; readonly relay: string }
  /** Ends it: {@link PingResult}. */
  | { readonly do: 'stop-pings' };

/** One agent. */
export interface AgentStatus {
  readonly name: string;
  /** URL of the relay of its primary session; null while it has none. */
  readonly relay: string | null;
}

/** What became of a tunnel. */
export interface ReachResult {
  /** `ok`: it stood, and what came back was what had been sent; else a code. */
  readonly code: string;
  readonly text: string;
  readonly ms: number;
}

/** What became of PINGs. */
export interface PingResult {
  readonly answered: number;
  /** Milliseconds that the slowest waited. */
  readonly longestMs: number;
  /** Why the session is over, if it is. */
  readonly lost: string | null;
}

/** A line on its standard output. */
export type CrowdAnswer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string };
