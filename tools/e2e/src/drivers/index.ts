import { docker } from './docker/index.js';
import type { Driver } from './driver.js';
import { local } from './local.js';
import { netns } from './netns/index.js';

/** All drivers, the one that runs everywhere first. */
export const drivers: readonly Driver[] = [local, netns, docker];
