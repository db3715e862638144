/** Scores iris flowers by the nearest mean, and collects what went in and what came out. */
import { Collector } from '@gleaner/sdk';

export interface Prediction {
  species: string;
  distance: number;
}

const columns = ['sepal_length', 'sepal_width', 'petal_length', 'petal_width'] as const;
type Flower = Record<(typeof columns)[number], number>;

const means: Record<string, Flower> = {
  setosa: { sepal_length: 5.006, sepal_width: 3.428, petal_length: 1.462, petal_width: 0.246 },
  versicolor: { sepal_length: 5.936, sepal_width: 2.77, petal_length: 4.26, petal_width: 1.326 },
  virginica: { sepal_length: 6.588, sepal_width: 2.974, petal_length: 5.552, petal_width: 2.026 },
};

let inputs: Collector;
let outputs: Collector;

/** Called once, before the first request. */
export function init(): void {
  inputs = new Collector({ name: 'model_inputs', onError, floatColumns: true });
  outputs = new Collector({ name: 'model_outputs', onError, floatColumns: true });
}

/** Scores one request: `{"data": [[5.1, 3.5, 1.4, 0.2]]}`. */
export function run({ data }: { data: number[][] }): Prediction[] {
  const flowers = data.map(flowerOf);
  const context = inputs.collect(flowers.map((flower) => ({ ...flower })));
  const predictions = flowers.map(nearest);
  outputs.collect(
    predictions.map((prediction) => ({ ...prediction })),
    context,
  );
  return predictions;
}

function onError(error: Error): void {
  console.error(`data collection: ${error.message}`);
}

function flowerOf([sepal_length = 0, sepal_width = 0, petal_length = 0, petal_width = 0]: number[]): Flower {
  return { sepal_length, sepal_width, petal_length, petal_width };
}

function nearest(flower: Flower): Prediction {
  const distances = Object.entries(means).map(([species, mean]) => ({
    species,
    distance: rounded(distance(flower, mean)),
  }));
  return distances.reduce((best, one) => (one.distance < best.distance ? one : best));
}

function distance(a: Flower, b: Flower): number {
  return Math.hypot(...columns.map((column) => a[column] - b[column]));
}

function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
