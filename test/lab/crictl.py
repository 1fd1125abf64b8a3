"""
The part of crictl that sandboxes need, over the same gRPC interface: for distributions that do not package crictl.
CRI_API names a folder with what protoc made of the interface's api.proto, CONTAINER_RUNTIME_ENDPOINT the socket.
"""

import json
import os
import sys

sys.path.insert(0, os.environ.get("CRI_API", "/usr/local/lib/cri-api"))
import grpc
from google.protobuf import json_format
import api_pb2 as cri
import api_pb2_grpc

endpoint = os.environ.get("CONTAINER_RUNTIME_ENDPOINT", "unix:///run/containerd/containerd.sock")
runtime = api_pb2_grpc.RuntimeServiceStub(grpc.insecure_channel(endpoint))


def load(path, message):
    with open(path, encoding="utf-8") as file:
        return json_format.ParseDict(json.load(file), message)


def version():
    answer = runtime.Version(cri.VersionRequest())
    print(f"Version:  {answer.version}")
    print(f"RuntimeName:  {answer.runtime_name}")
    print(f"RuntimeVersion:  {answer.runtime_version}")
    print(f"RuntimeApiVersion:  {answer.runtime_api_version}")


def info():
    answer = runtime.Status(cri.StatusRequest(verbose=True))
    facts = {"status": json_format.MessageToDict(answer.status)}
    for key, value in answer.info.items():
        try:
            facts[key] = json.loads(value)
        except ValueError:
            facts[key] = value
    print(json.dumps(facts, indent=2))


def pull(image):
    answer = api_pb2_grpc.ImageServiceStub(grpc.insecure_channel(endpoint)).PullImage(
        cri.PullImageRequest(image=cri.ImageSpec(image=image))
    )
    print(f"Image is up to date for {answer.image_ref}")


def runp(config):
    answer = runtime.RunPodSandbox(cri.RunPodSandboxRequest(config=load(config, cri.PodSandboxConfig())))
    print(answer.pod_sandbox_id)


def create(pod, container, config):
    answer = runtime.CreateContainer(
        cri.CreateContainerRequest(
            pod_sandbox_id=pod,
            config=load(container, cri.ContainerConfig()),
            sandbox_config=load(config, cri.PodSandboxConfig()),
        )
    )
    print(answer.container_id)


def start(container):
    runtime.StartContainer(cri.StartContainerRequest(container_id=container))
    print(container)


def label(words):
    if "--label" not in words:
        return {}
    key, value = words[words.index("--label") + 1].split("=", 1)
    return {key: value}


def pods(*options):
    words = [word for word in options if word != "--quiet"]
    selector = cri.PodSandboxFilter(label_selector=label(words))
    for pod in runtime.ListPodSandbox(cri.ListPodSandboxRequest(filter=selector)).items:
        print(pod.id)


def ps(*options):
    words = list(options)
    selector = cri.ContainerFilter(label_selector=label(words))
    if "--all" not in words:
        selector.state.state = cri.CONTAINER_RUNNING
    if "--pod" in words:
        selector.pod_sandbox_id = words[words.index("--pod") + 1]
    answer = runtime.ListContainers(cri.ListContainersRequest(filter=selector))
    if "--quiet" in words:
        for container in answer.containers:
            print(container.id)
        return
    assert words[words.index("--output") + 1] == "json", words
    print(json.dumps({"containers": [json_format.MessageToDict(one) for one in answer.containers]}, indent=2))


def inspect(container):
    answer = runtime.ContainerStatus(cri.ContainerStatusRequest(container_id=container, verbose=True))
    print(json.dumps({"status": json_format.MessageToDict(answer.status)}, indent=2))


def checkpoint(option, container):
    assert option.startswith("--export="), option
    runtime.CheckpointContainer(
        cri.CheckpointContainerRequest(container_id=container, location=option.split("=", 1)[1])
    )
    print(container)


def execute(*words):
    assert words[0] == "--sync", words
    answer = runtime.ExecSync(cri.ExecSyncRequest(container_id=words[1], cmd=words[2:], timeout=30))
    sys.stdout.write(answer.stdout.decode())
    sys.stderr.write(answer.stderr.decode())
    sys.exit(answer.exit_code)


def stop(*options):
    assert options[0] == "--timeout", options
    for container in options[2:]:
        runtime.StopContainer(cri.StopContainerRequest(container_id=container, timeout=int(options[1])))
        print(container)


def rmp(*options):
    assert options[0] == "--force", options
    runtime.StopPodSandbox(cri.StopPodSandboxRequest(pod_sandbox_id=options[1]))
    runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=options[1]))
    print(f"Removed sandbox {options[1]}")


commands = {
    "version": version,
    "info": info,
    "pull": pull,
    "runp": runp,
    "create": create,
    "start": start,
    "pods": pods,
    "ps": ps,
    "inspect": inspect,
    "checkpoint": checkpoint,
    "exec": execute,
    "stop": stop,
    "rmp": rmp,
}

words = sys.argv[1:]
if words[0] == "--timeout":
    words = words[2:]
try:
    commands[words[0]](*words[1:])
except grpc.RpcError as error:
    sys.exit(f"rpc error: code = {error.code().name} desc = {error.details()}")
