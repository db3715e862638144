"""An existing program, as people write them against Azure ML: nothing in it knows of another server."""
import logging
import os
import sys
import tempfile
import warnings
from pathlib import Path

logging.disable(logging.WARNING)
warnings.simplefilter("ignore")

from azure.ai.ml import MLClient
from azure.ai.ml.constants import AssetTypes
from azure.ai.ml.entities import (
    AzureBlobDatastore,
    AccountKeyConfiguration,
    CodeConfiguration,
    Data,
    DataCollector,
    DeploymentCollection,
    Environment,
    ManagedOnlineDeployment,
    ManagedOnlineEndpoint,
    Model,
)
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from gleaner.credential import GleanerCredential

EXAMPLE = Path(sys.argv[1])
BROKEN = sys.argv[2]
#: Complete: the client does not send files that it names.
CONDA = sys.argv[3]
IMAGE = "mcr.microsoft.com/azureml/minimal-ubuntu22.04-py311-cpu-inference:latest"


def step(name, *told):
    print(name, *told, sep="\t", flush=True)


client = MLClient(GleanerCredential(), "00000000-0000-0000-0000-000000000000", "local", "local")

workspace = client.workspaces.get("local")
step("workspace", workspace.name, workspace.location)

# Assets
folder = Path(tempfile.mkdtemp())
Path(folder, "model").mkdir()
Path(folder, "model", "weights.bin").write_bytes(b"w" * 1000)
Path(folder, "model", "empty.txt").write_bytes(b"")
model = client.models.create_or_update(Model(name="weights", path=Path(folder, "model"), type=AssetTypes.CUSTOM_MODEL))
again = client.models.create_or_update(Model(name="weights", path=Path(folder, "model"), version="7"))
step("model", model.version, again.version, client.models.get("weights", label="latest").version, model.path == again.path)
step("models", [one.name for one in client.models.list()], sorted(one.version for one in client.models.list(name="weights")))

large = Path(folder, "large.bin")
large.write_bytes(os.urandom(1000) * 70_000)
step("large model", client.models.create_or_update(Model(name="large", version="1", path=large)).path.split("/")[-1])

data = client.data.create_or_update(
    Data(name="flowers", version="1", type=AssetTypes.URI_FOLDER, path="azureml://datastores/workspaceblobstore/paths/flowers")
)
uploaded = client.data.create_or_update(Data(name="table", type=AssetTypes.URI_FILE, path=EXAMPLE / "flowers.csv"))
step("data", data.version, client.data.get("flowers", "1").path.split("/")[-1], uploaded.version, uploaded.path.split("/")[-1])
step("data list", sorted(one.name for one in client.data.list()))

account = AzureBlobDatastore(
    name="elsewhere", account_name="acc", container_name="c", credentials=AccountKeyConfiguration(account_key="a2V5")
)
step("datastore", client.datastores.create_or_update(account).name, client.datastores.get("elsewhere").account_name)
step("datastores", sorted(one.name for one in client.datastores.list()), client.datastores.get_default().name)

environment = client.environments.create_or_update(
    Environment(name="iris-env", image=IMAGE, conda_file=CONDA)
)
step("environment", environment.version, client.environments.get("iris-env", version=environment.version).image == IMAGE)
step("environments", [one.name for one in client.environments.list()])

# Endpoint
try:
    client.online_endpoints.get("iris")
except ResourceNotFoundError as error:
    step("not found", error.message.splitlines()[0])
try:
    client.online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name="other", auth_mode="key", traffic={"nowhere": 100})).result()
except HttpResponseError as error:
    step("refused", error.status_code, error.message.splitlines()[0])

endpoint = client.online_endpoints.begin_create_or_update(
    ManagedOnlineEndpoint(name="iris", auth_mode="key", tags={"team": "flora"})
).result()
step("endpoint", endpoint.name, endpoint.provisioning_state, endpoint.scoring_uri.split("/", 3)[0], endpoint.tags)
step("endpoints", [one.name for one in client.online_endpoints.list()])


def deployment(name, **changes):
    settings = {
        "name": name,
        "endpoint_name": "iris",
        "model": "azureml:weights:1",
        "code_configuration": CodeConfiguration(code=str(EXAMPLE), scoring_script="score.py"),
        "environment": Environment(image=IMAGE, conda_file=CONDA),
        "instance_type": "Standard_DS3_v2",
        "instance_count": 1,
        "data_collector": DataCollector(
            collections={
                "model_inputs": DeploymentCollection(enabled="true"),
                "model_outputs": DeploymentCollection(enabled="true"),
            }
        ),
    }
    return ManagedOnlineDeployment(**{**settings, **changes})


poller = client.online_deployments.begin_create_or_update(deployment("blue"))
step("no wait", poller.done())
blue = poller.result()
step("deployment", blue.name, blue.provisioning_state, sorted(blue.data_collector.collections))
try:
    broken = CodeConfiguration(code=BROKEN, scoring_script="score.py")
    client.online_deployments.begin_create_or_update(deployment("broken", code_configuration=broken)).result()
except HttpResponseError as error:
    step("failed", error.message.splitlines()[0])

endpoint.traffic = {"blue": 100}
step("traffic", client.online_endpoints.begin_create_or_update(endpoint).result().traffic)
step("deployments", sorted(one.name for one in client.online_deployments.list("iris")))
step("got", client.online_deployments.get("blue", "iris").instance_count)
step("invoke", client.online_endpoints.invoke("iris", request_file=EXAMPLE / "sample-request.json"))
step("logs", "score" in client.online_deployments.get_logs("blue", "iris", lines=100))

keys = client.online_endpoints.get_keys("iris")
client.online_endpoints.begin_regenerate_keys("iris", key_type="primary").result()
changed = client.online_endpoints.get_keys("iris")
step("keys", keys.primary_key != changed.primary_key, keys.secondary_key == changed.secondary_key)

blue.tags = {"is": "updated"}
step("updated", client.online_deployments.begin_create_or_update(deployment("blue", tags={"is": "updated"})).result().tags)

endpoint.traffic = {"blue": 0}
client.online_endpoints.begin_create_or_update(endpoint).result()
for name in ["broken", "blue"]:
    client.online_deployments.begin_delete(name, "iris").result()
step("left", [one.name for one in client.online_deployments.list("iris")])
client.online_endpoints.begin_delete("iris").result()
step("end", [one.name for one in client.online_endpoints.list()])
