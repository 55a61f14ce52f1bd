#!/bin/sh
# Of engines, nodes and objects of the swarm, which may be anybody's: the fields named here, and no others.
docker version --format 'client {{.Client.Version}}, server {{.Server.Version}}, API {{.Server.APIVersion}}'
docker info --format 'driver {{.Driver}}, logging {{.LoggingDriver}}, cgroups {{.CgroupDriver}} {{.CgroupVersion}}, {{.NCPU}} processors, {{.MemTotal}} bytes; {{.ContainersRunning}} of {{.Containers}} containers run; {{.OperatingSystem}}, kernel {{.KernelVersion}}'
docker info --format 'swarm {{.Swarm.LocalNodeState}} {{.Swarm.Error}}, manager {{.Swarm.ControlAvailable}}, {{.Swarm.Managers}} managers of {{.Swarm.Nodes}} nodes'
echo
docker network ls --no-trunc --format 'network {{.ID}} {{.Name}} {{.Driver}} {{.Scope}}'
echo
docker ps --format 'container {{.ID}} {{.Names}}: {{.Status}}'
if [ "$(docker info --format '{{.Swarm.ControlAvailable}}')" = true ]; then
  echo
  docker node ls --format 'node {{.ID}} {{.Hostname}}: {{.Status}} {{.Availability}} {{.ManagerStatus}} {{.EngineVersion}}'
  echo
  docker service ls --format 'service {{.Name}} {{.Mode}} {{.Replicas}} {{.Ports}}'
  own=$(docker service ls -q --filter label=swarmproof)
  # shellcheck disable=SC2086 # ids, a line each
  [ -z "$own" ] || docker service ps --no-trunc --format 'task {{.Name}} on {{.Node}}: {{.DesiredState}}, {{.CurrentState}} {{.Error}}' $own
fi
