import { findLines, type Rule } from './tree.js';

// Put together from pieces, so that this file doesn't match itself.
const hosts = new RegExp(
  [
    `registry\\.${'npm'}js\\.org`,
    `registry\\.[a-z]+${'js'}?\\.(org|com|cn)`,
    `deb\\.${'debian'}\\.org`,
    `repo\\.${'hex'}\\.pm`,
  ].join('|'),
);
const paths = new RegExp(`(^|[\\s"'\`(=:])/(${'wo' + 'rk'}|${'ro' + 'ot'}|${'Us' + 'ers'}|home/[a-z]+)/`);
const lockFiles = /(^|\/)(pnpm-lock\.yaml|package-lock\.json|rebar\.lock|mix\.lock)$/;

/** The project names no package registry and no directory of somebody's machine. */
export const machines: Rule = (file) => {
  if (lockFiles.test(file.path)) return [];
  return [
    ...findLines(file, hosts, 'names a registry'),
    ...findLines(file, paths, 'names a path of a machine'),
  ];
};
