/**
 * The `macula` command as a library: {@link main} runs a command line, {@link joinEnvironment} computes the environment
 * in which a stock `erl`, `iex` or release joins the mesh.
 */
export { CliError, type CliErrorCode } from './errors.js';
export { type JoinOptions, type JoinPlan, joinEnvironment } from './join-environment.js';
export { main } from './main.js';
