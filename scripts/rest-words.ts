/** What routes do that have no `summary` of their own. */
export const words: Readonly<Record<string, string>> = {
  'GET /metadata/endpoints': "where the original's client finds this cloud; needs no credential",
  'POST <workspace>/<assets>/<name>/versions/<version>/startPendingUpload':
    "where the original's client may put the files of a code or model version, for an hour",
  'GET /account': 'who the caller is, with its roles',
  'GET /servicePrincipals': 'who there is: API keys, and identities of what runs',
  'POST /servicePrincipals': 'makes one with a key: `secretText`, shown this once',
  'GET /servicePrincipals/<principal>': 'one of them',
  'DELETE /servicePrincipals/<principal>': 'takes it away with its keys and roles; 400 for the last owner',
  'POST /servicePrincipals/<principal>/resetPassword':
    'a new key in the place of all, or with `append` beside them: `secretText`',
  'GET /providers/Microsoft.Authorization/roleDefinitions':
    'all roles; `$filter=roleName eq …`. These four are below every scope, too',
  'GET /providers/Microsoft.Authorization/roleDefinitions/<role>': 'a role, by its UUID',
  'PUT /providers/Microsoft.Authorization/roleDefinitions/<role>':
    'makes or changes a role of your own; the built-in ones stay as they are',
  'DELETE /providers/Microsoft.Authorization/roleDefinitions/<role>':
    'takes it away; 400 while it is assigned',
  'GET /providers/Microsoft.Authorization/roleAssignments':
    'who has which role, here, above and below; `$filter=principalId eq …`. These four are below every scope: there they count',
  'GET /providers/Microsoft.Authorization/roleAssignments/<assignment>': 'an assignment, by its UUID',
  'PUT /providers/Microsoft.Authorization/roleAssignments/<assignment>':
    'gives a role to a principal, at the scope that stands before `/providers`',
  'DELETE /providers/Microsoft.Authorization/roleAssignments/<assignment>':
    'takes it back; 400 for the last owner',
  'GET /subscriptions/<subscription>/resourceGroups/<group>/providers/Microsoft.ManagedIdentity/userAssignedIdentities':
    'identities of what runs',
  'GET /subscriptions/<subscription>/resourceGroups/<group>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/<identity>':
    'one of them',
  'PUT /subscriptions/<subscription>/resourceGroups/<group>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/<identity>':
    'makes or changes it',
  'DELETE /subscriptions/<subscription>/resourceGroups/<group>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/<identity>':
    'takes it away with its roles',
  'GET /subscriptions/<subscription>/providers/Microsoft.MachineLearningServices/workspaces':
    'the workspaces: there is one',
  'GET /subscriptions/<subscription>/resourceGroups/<group>/providers/Microsoft.MachineLearningServices/workspaces':
    'the same, in a resource group',
  'GET <workspace>': 'the workspace',
  'GET /subscriptions/<subscription>/providers/Microsoft.MachineLearningServices/locations/<location>/mfeOperationsStatus/<operation>':
    'how a change goes: [asynchronous operations](#changes-that-take-a-while)',
  'GET /subscriptions/<subscription>/providers/Microsoft.MachineLearningServices/locations/<location>/mfeOperationResults/<operation>':
    'the same as a status: 202, 204, or 400 with the error',
  'GET <workspace>/onlineEndpoints': 'all endpoints',
  'GET <workspace>/onlineEndpoints/<endpoint>': 'an endpoint',
  'PUT <workspace>/onlineEndpoints/<endpoint>': 'makes or replaces it; keys and deployments stay',
  'PATCH <workspace>/onlineEndpoints/<endpoint>':
    'changes it; `traffic` and `mirrorTraffic` are replaced as a whole',
  'DELETE <workspace>/onlineEndpoints/<endpoint>': 'ends it and its deployments; records and assets stay',
  'POST <workspace>/onlineEndpoints/<endpoint>/listKeys': '`primaryKey`, `secondaryKey`',
  'POST <workspace>/onlineEndpoints/<endpoint>/token':
    '`accessToken` of twelve hours, where `authMode` is not `Key`; `expiryTimeUtc`, `refreshAfterTimeUtc` in seconds since 1970',
  'POST <workspace>/onlineEndpoints/<endpoint>/regenerateKeys':
    'a new key, or the given one; the one before is refused from then on',
  'GET <workspace>/onlineEndpoints/<endpoint>/deployments': 'all deployments of an endpoint',
  'GET <workspace>/onlineEndpoints/<endpoint>/deployments/<deployment>': 'a deployment',
  'PUT <workspace>/onlineEndpoints/<endpoint>/deployments/<deployment>':
    'makes it, or replaces it by a rolling update',
  'PATCH <workspace>/onlineEndpoints/<endpoint>/deployments/<deployment>': 'changes it likewise',
  'DELETE <workspace>/onlineEndpoints/<endpoint>/deployments/<deployment>':
    'ends it; 400 while it has traffic',
  'POST <workspace>/onlineEndpoints/<endpoint>/deployments/<deployment>/getLogs':
    '`content`: the last lines of `InferenceServer`, `StorageInitializer` or `ModelDataCollector`',
  'GET <workspace>/datastores': 'all datastores',
  'GET <workspace>/datastores/<name>': 'a datastore, without its secrets',
  'PUT <workspace>/datastores/<name>':
    'makes or replaces it; without secrets in the body those that are there stay. Collectors get them without a restart',
  'DELETE <workspace>/datastores/<name>': 'forgets it; 400 while an asset uses it, or for the default',
  'POST <workspace>/datastores/<name>/listSecrets': 'its secrets: the one place that shows them',
  'GET <workspace>/<assets>': 'the names, each with `latestVersion` and `nextVersion`',
  'GET <workspace>/<assets>/<name>': 'a name',
  'GET <workspace>/<assets>/<name>/versions': 'its versions, in the order of their making',
  'GET <workspace>/<assets>/<name>/versions/<version>': 'a version',
  'PUT <workspace>/<assets>/<name>/versions/<version>':
    'makes it; later only `description`, `tags`, `properties`, `isArchived` and `isAnonymous` may change, else 409',
  'DELETE <workspace>/<assets>/<name>/versions/<version>': 'forgets it; 400 while a deployment uses it',
};
