/**
 * Options for every synchronous `stat` of something that may be a pipe or a socket. With plain numbers Node 20 keeps the result in
 * a static array that `fs.realpathSync` consults later: once it says "pipe", realpath stops half-way, and `import` of a
 * package behind a symbolic link (any pnpm workspace) is resolved from the wrong place.
 */
export const pipeStat = { bigint: true } as const;
