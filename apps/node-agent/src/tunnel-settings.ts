import { backpressureUnitBytes, tunnelSettingLimits } from './limits.js';

/** What users may set about the tunnels of a node, and the sessions they run over; a join may set each anew. */
export interface TunnelSettings {
  /** `MACULA_DIST_TIMEOUT`: milliseconds to negotiate an outgoing tunnel. */
  readonly distTimeout: number;
  /** `MACULA_RECONNECT_INTERVAL`: longest pause between two rounds of dialling relays, milliseconds; a factor of the window. */
  readonly reconnectInterval: number;
  /** `MACULA_RECONNECT_MAX_ATTEMPTS`: the other factor of the window. */
  readonly reconnectMaxAttempts: number;
  /** `MACULA_BACKPRESSURE_HWM`: unsent data at which reading from the node pauses, in units of 4 KiB. */
  readonly backpressureHwm: number;
  /** `MACULA_STANDBY_SESSIONS`: sessions at other relays that stand by for the one in use. */
  readonly standbySessions: number;
}

/** Name of a setting. */
export type TunnelSettingName = keyof TunnelSettings;

/** Whether a value is an integer in the setting's bounds. */
export function isTunnelSetting(name: TunnelSettingName, value: unknown): value is number {
  const { min, max } = tunnelSettingLimits[name];
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
}

/** In words, what the setting takes. */
export function tunnelSettingRange(name: TunnelSettingName): string {
  const { min, max } = tunnelSettingLimits[name];
  return `an integer from ${min} to ${max}`;
}

/**
 * The settings of the environment: `MACULA_DIST_TIMEOUT` and so on, or the same name without `MACULA_`. A value that can't be used
 * counts as not set and is told.
 */
export function readTunnelSettings(
  environment: NodeJS.ProcessEnv,
  warn: (text: string) => void,
): TunnelSettings {
  const read = (name: TunnelSettingName): number => {
    const { fallback } = tunnelSettingLimits[name];
    const plain = snakeCase(name).toUpperCase();
    const variable = (environment[`MACULA_${plain}`] ?? '') === '' ? plain : `MACULA_${plain}`;
    const text = environment[variable] ?? '';
    if (text === '') return fallback;
    const value = Number(text);
    if (isTunnelSetting(name, value)) return value;
    warn(`${variable}=${text} is not ${tunnelSettingRange(name)}; using ${fallback}`);
    return fallback;
  };
  return {
    distTimeout: read('distTimeout'),
    reconnectInterval: read('reconnectInterval'),
    reconnectMaxAttempts: read('reconnectMaxAttempts'),
    backpressureHwm: read('backpressureHwm'),
    standbySessions: read('standbySessions'),
  };
}

/** Milliseconds a tunnel without a path is resumed for, from the loss on: interval × attempts. */
export function windowMsOf({ reconnectInterval, reconnectMaxAttempts }: TunnelSettings): number {
  return reconnectInterval * reconnectMaxAttempts;
}

/** Unsent bytes at which reading from the node pauses. */
export function unsentBytesMaxOf({ backpressureHwm }: TunnelSettings): number {
  return backpressureHwm * backpressureUnitBytes;
}

/** The setting's name as `join_mesh/1` has it. */
export function optionName(name: TunnelSettingName): string {
  return snakeCase(name);
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
