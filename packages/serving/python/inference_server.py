"""Starts azureml-inference-server-http on loopback; takes the options of azmlinfsrv."""
import sys

import gunicorn.config
from azureml_inference_server_http import constants

# Only the tap and the probes of this machine are to reach it. The server has no option for this.
constants.DEFAULT_HOST = "127.0.0.1"

# Newer releases make a socket to control them in the home folder, one for all servers of the user.
_control_socket = getattr(gunicorn.config, "ControlSocketDisable", None)
if _control_socket is not None:
    _control_socket.default = True

from azureml_inference_server_http import amlserver  # noqa: E402

if __name__ == "__main__":
    # A module of the user may have the name of one beside this file.
    sys.path.pop(0)
    amlserver.run()
