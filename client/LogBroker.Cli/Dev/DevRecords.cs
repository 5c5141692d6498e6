namespace LogBroker.Cli;

/// <summary>A local cluster as output.</summary>
internal static class DevRecords
{
    /// <summary>The whole.</summary>
    public static OutputRecord Status(string directory, DevState state, string summary)
    {
        int running = state.Nodes.Count(n => n.Condition == ProcessCondition.Running);
        return new OutputRecord
        {
            { "summary", summary },
            { "running", running, $"{running} of {state.Nodes.Count} nodes" },
            { "servers", state.Servers },
            { "dir", directory },
            { "serverCommand", string.Join(' ', state.ServerCommand) },
            { "nodes", state.Nodes.Select(n => Node(directory, n)).ToArray() },
        };
    }

    /// <summary>One node.</summary>
    public static OutputRecord Node(string directory, DevNode node)
    {
        ProcessCondition condition = node.Condition;
        return new OutputRecord
        {
            { "nodeId", node.NodeId },
            { "state", condition.ToString().ToLowerInvariant() },
            { "pid", condition == ProcessCondition.Gone ? null : node.Process!.ProcessId },
            { "grpcAddress", node.Address },
            { "httpAddress", $"127.0.0.1:{node.HttpPort}" },
            { "peerAddress", $"127.0.0.1:{node.PeerPort}" },
            { "logFile", DevCluster.LogFile(directory, node.NodeId) },
        };
    }
}
