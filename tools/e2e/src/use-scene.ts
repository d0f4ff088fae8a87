import { afterAll, onTestFailed } from 'vitest';
import { Scene } from './harness/index.js';

/** A scene for one test file; it ends after the file's last test. */
export function useScene(): Scene {
  const scene = new Scene();
  afterAll(() => scene.stop());
  return scene;
}

/** Prints what every process of the scene wrote when the running test fails. */
export function explainFailure(scene: Scene): void {
  onTestFailed(() => {
    process.stderr.write(`${scene.transcript()}\n`);
  });
}
