// What takes the time of npm test: the slowest parts of each stage.

const countMax = 10;
const secondsMin = 5;

/** What took how long, from the lines of `npm run e2e` (`ok ping OTP 25 2.0 s`) and of the Erlang tests (`ok OTP 25: EUnit (500 ms)`). */
export function timesOf(output) {
  return output.split('\n').flatMap((line) => {
    const scenario = /^(?:ok|FAILED) +(\S+) +OTP (\S+) +([\d.]+) s(?: |$)/.exec(line);
    if (scenario) return { what: `${scenario[1]} on OTP ${scenario[2]}`, seconds: Number(scenario[3]) };
    const erlang = /^ok +(.+) \((\d+) ms\)$/.exec(line);
    return erlang ? { what: erlang[1], seconds: Number(erlang[2]) / 1000 } : [];
  });
}

/** Lines with the ten slowest of each stage, as far as they take five seconds. */
export function slowestLines(rows) {
  const lines = rows.flatMap(({ name, times = [] }) =>
    times
      .filter(({ seconds }) => seconds >= secondsMin)
      .sort((one, other) => other.seconds - one.seconds)
      .slice(0, countMax)
      .map(({ what, seconds }) => `${name.padEnd(9)}  ${seconds.toFixed(1).padStart(6)} s  ${what}`),
  );
  return lines.length === 0 ? [] : ['slowest of each stage', ...lines, ''];
}
