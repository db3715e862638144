/** Scores iris flowers by the nearest mean, and collects what went in and what came out. */
import { Collector } from '@gleaner/sdk';

export interface Flower {
  sepal_length: number;
  sepal_width: number;
  petal_length: number;
  petal_width: number;
}

export interface Prediction {
  species: string;
  distance: number;
}

const means: Record<string, Flower> = {
  setosa: { sepal_length: 5.006, sepal_width: 3.428, petal_length: 1.462, petal_width: 0.246 },
  versicolor: { sepal_length: 5.936, sepal_width: 2.77, petal_length: 4.26, petal_width: 1.326 },
  virginica: { sepal_length: 6.588, sepal_width: 2.974, petal_length: 5.552, petal_width: 2.026 },
};

/** Called once; what it returns scores one request. */
export function init(): (flowers: Flower[]) => Prediction[] {
  const inputs = new Collector({ name: 'model_inputs', onError, floatColumns: true });
  const outputs = new Collector({ name: 'model_outputs', onError, floatColumns: true });
  return (flowers) => {
    const context = inputs.collect(flowers.map((flower) => ({ ...flower })));
    const predictions = flowers.map(nearest);
    outputs.collect(
      predictions.map((prediction) => ({ ...prediction })),
      context,
    );
    return predictions;
  };
}

function onError(error: Error): void {
  console.error(`data collection: ${error.message}`);
}

function nearest(flower: Flower): Prediction {
  const distances = Object.entries(means).map(([species, mean]) => ({
    species,
    distance: rounded(distance(flower, mean)),
  }));
  return distances.reduce((best, one) => (one.distance < best.distance ? one : best));
}

function distance(a: Flower, b: Flower): number {
  const keys = ['sepal_length', 'sepal_width', 'petal_length', 'petal_width'] as const;
  return Math.hypot(...keys.map((key) => a[key] - b[key]));
}

function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
