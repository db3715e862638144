const json = { 'application/json': { schema: {} } };
const answers = {
  200: { description: 'What run returned', content: json },
  500: { description: 'run failed', content: json },
};

/** What `/swagger.json` tells: a script has no types left at run time, so any JSON goes in and out. */
export const openApi = {
  openapi: '3.1.0',
  info: { title: 'ML service', version: '1.0' },
  paths: {
    '/': {
      get: {
        operationId: 'ServiceHealthCheck',
        responses: { 200: { description: 'The service is healthy' } },
      },
    },
    '/score': {
      get: { operationId: 'RunMLServiceByParameters', responses: answers },
      post: { operationId: 'RunMLService', requestBody: { content: json }, responses: answers },
    },
  },
};
