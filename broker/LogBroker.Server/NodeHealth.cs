using LogBroker.Cluster;
using LogBroker.Rpc.Server;

namespace LogBroker.Server;

/// <summary>How far the node is in its life.</summary>
internal enum NodePhase
{
    /// <summary>Recovering.</summary>
    Starting,

    /// <summary>Serving.</summary>
    Serving,

    /// <summary>Finishing what is in flight.</summary>
    Draining,
}

/// <summary>One answer of a probe.</summary>
internal readonly record struct ProbeAnswer(bool IsOk, string Text);

/// <summary>What the probes and the gRPC health service answer. Thread-safe.</summary>
internal sealed class NodeHealth(HealthService grpc)
{
    private static readonly string[] Services = ["", "logbroker.v1.Producer", "logbroker.v1.Consumer"];

    private volatile IBroker? _broker;
    private volatile NodePhase _phase = NodePhase.Starting;
    private volatile int _recoveredPercent;

    /// <summary>How much of the log was recovered, 0 to 100.</summary>
    public int RecoveredPercent
    {
        get => _recoveredPercent;
        set => _recoveredPercent = value;
    }

    /// <summary>Before anything serves.</summary>
    public void Starting() => Set(NodePhase.Starting, ServingStatus.NotServing);

    /// <summary>The broker is open and the port bound.</summary>
    public void Serving(IBroker broker)
    {
        _broker = broker;
        _recoveredPercent = 100;
        Set(NodePhase.Serving, ServingStatus.Serving);
    }

    /// <summary>A stop was asked for.</summary>
    public void Draining() => Set(NodePhase.Draining, ServingStatus.NotServing);

    /// <summary>The process runs and answers.</summary>
    public ProbeAnswer Live() => new(true, "live");

    /// <summary>Recovery is done.</summary>
    public ProbeAnswer Startup() => _phase is NodePhase.Starting
        ? new ProbeAnswer(false, $"starting: {_recoveredPercent}% of the log recovered")
        : new ProbeAnswer(true, "started: 100% of the log recovered");

    /// <summary>The node takes work.</summary>
    public ProbeAnswer Ready()
    {
        if (_phase is not NodePhase.Serving || _broker is not { } broker)
            return new ProbeAnswer(false, _phase is NodePhase.Draining ? "not ready: draining" : "not ready: starting");
        if (!broker.IsFormed)
            return new ProbeAnswer(false, "not ready: the cluster is not formed yet: all its nodes must be started once");
        if (broker.NotReady is { } notReady)
            return new ProbeAnswer(false, "not ready: " + notReady.Message);
        var status = broker.Status;
        if (status.DiskFull)
            return new ProbeAnswer(false, "not ready: the disk is full up to Storage:DiskHeadroom");
        return status.PartitionsLeaderless > 0
            ? new ProbeAnswer(false, $"not ready: {status.PartitionsLeaderless} partitions have no leader")
            : new ProbeAnswer(true, "ready");
    }

    private void Set(NodePhase phase, ServingStatus status)
    {
        _phase = phase;
        foreach (string service in Services)
            grpc.SetStatus(service, status);
    }
}
