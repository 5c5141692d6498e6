using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using LogBroker.Bench.Plan;

namespace LogBroker.Bench.Systems.Kafka;

/// <summary>A Kafka node on a directory: its process, which can be ended and started again on the same data, and what it answers.</summary>
internal sealed class KafkaBroker : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan StopLimit = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan AskLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    private readonly string _home;
    private readonly string _propertyFile;
    private readonly Dictionary<string, string> _environment;
    private readonly IProcessStarter _processes;
    private IRunningProcess? _process;

    private KafkaBroker(string home, string dataDirectory, int port, IProcessStarter processes)
    {
        _home = home;
        _propertyFile = Path.Combine(dataDirectory, "server.properties");
        _environment = new Dictionary<string, string>
        {
            ["KAFKA_HEAP_OPTS"] = "-Xms1g -Xmx1g",
            ["LOG_DIR"] = Path.Combine(dataDirectory, "server-logs"),
        };
        _processes = processes;
        Port = port;
    }

    public int Port { get; }

    public string Address => $"127.0.0.1:{Port}";

    public int ProcessId => _process?.Id ?? throw new BenchException("Kafka is not running");

    /// <summary>From the start of the process to the first metadata response that lists the broker; the format is not in it.</summary>
    public TimeSpan StartTime { get; private set; }

    public static async Task<KafkaBroker> StartAsync(
        string home, string dataDirectory, Scenario scenario, IProcessStarter processes, CancellationToken cancellationToken)
    {
        (int port, int controllerPort) = KafkaConnection.FreePorts();
        var broker = new KafkaBroker(home, dataDirectory, port, processes);
        string logDirectory = Path.Combine(dataDirectory, "logs");
        await File.WriteAllTextAsync(
            broker._propertyFile, KafkaProperties.Broker(port, controllerPort, logDirectory, scenario), cancellationToken);
        string clusterId = Convert.ToBase64String(Guid.NewGuid().ToByteArray()).TrimEnd('=').Replace('+', 'A').Replace('/', 'B');
        await processes.RunAsync(
            Path.Combine(home, "bin", "kafka-storage.sh"),
            ["format", "--standalone", "-t", clusterId, "-c", broker._propertyFile],
            new Dictionary<string, string>(broker._environment) { ["KAFKA_HEAP_OPTS"] = "-Xmx256m" },
            cancellationToken);
        try
        {
            broker.StartTime = await broker.StartProcessAsync(m => Task.FromResult(m.Brokers > 0), cancellationToken);
        }
        catch
        {
            await broker.DisposeAsync();
            throw;
        }

        return broker;
    }

    /// <summary>Ends the process and starts it on the same data; returns the time until every partition of before answers again.</summary>
    /// <exception cref="BenchException">It did not end, or did not come back.</exception>
    public async Task<TimeSpan> RestartAsync(bool isKilled, CancellationToken cancellationToken)
    {
        int partitions = UserPartitions(await MetadataAsync(cancellationToken)).Length;
        await EndProcessAsync(isKilled, cancellationToken);
        return await StartProcessAsync(
            async metadata =>
            {
                KafkaPartition[] there = UserPartitions(metadata);
                if (there.Length < partitions || there.Any(p => p.Leader < 0))
                {
                    return false;
                }

                IReadOnlyList<KafkaOffset> ends = await OffsetsAsync(there, KafkaMessages.LatestOffset, cancellationToken);
                return ends.All(o => o.Offset != null);
            },
            cancellationToken);
    }

    public async Task CreateTopicAsync(string topic, Scenario scenario, CancellationToken cancellationToken)
    {
        byte[] request = KafkaMessages.CreateTopic(topic, scenario.Partitions, KafkaProperties.Topic(scenario.Class));
        KafkaMessages.CheckTopicCreated(await KafkaConnection.AskAsync(Port, request, cancellationToken));
        while (UserPartitions(await MetadataAsync(cancellationToken)).Count(p => p.Topic == topic && p.Leader >= 0) < scenario.Partitions)
        {
            await Task.Delay(PollInterval, cancellationToken);
        }
    }

    /// <summary>Records in all topics but Kafka's own.</summary>
    public async Task<long> CountRecordsAsync(CancellationToken cancellationToken)
    {
        KafkaPartition[] partitions = UserPartitions(await MetadataAsync(cancellationToken));
        IReadOnlyList<KafkaOffset> ends = await OffsetsAsync(partitions, KafkaMessages.LatestOffset, cancellationToken);
        IReadOnlyList<KafkaOffset> starts = await OffsetsAsync(partitions, KafkaMessages.EarliestOffset, cancellationToken);
        return ends.Sum(Known) - starts.Sum(Known);

        static long Known(KafkaOffset offset) =>
            offset.Offset ?? throw new BenchException($"Partition {offset.Topic}/{offset.Index} does not answer");
    }

    /// <summary>The records of each partition of a topic.</summary>
    public async Task<IReadOnlyList<long>> RecordsOfAsync(string topic, CancellationToken cancellationToken)
    {
        KafkaPartition[] partitions = [.. UserPartitions(await MetadataAsync(cancellationToken)).Where(p => p.Topic == topic)];
        return [.. (await OffsetsAsync(partitions, KafkaMessages.LatestOffset, cancellationToken)).Select(o => o.Offset ?? 0)];
    }

    /// <summary>The topic whose name starts so: tools that make their own topics end the name as they like.</summary>
    public async Task<string> TopicNamedAsync(string prefix, CancellationToken cancellationToken) =>
        UserPartitions(await MetadataAsync(cancellationToken))
            .Select(p => p.Topic)
            .FirstOrDefault(t => t.StartsWith(prefix, StringComparison.Ordinal))
        ?? throw new BenchException($"Kafka has no topic {prefix}…");

    /// <summary>Returns when the group has its members and they their partitions.</summary>
    /// <exception cref="BenchException">It took longer than a minute, or a member ended: then its output is what is asked for.</exception>
    public async Task WaitForStableGroupAsync(string group, Func<string?> outputOfEnded, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        while (KafkaMessages.ReadGroupState(
            await KafkaConnection.AskAsync(Port, KafkaMessages.DescribeGroup(group), cancellationToken)) != "Stable")
        {
            string? output = outputOfEnded();
            if (output != null || clock.Elapsed > TimeSpan.FromMinutes(1))
            {
                throw new BenchException($"Kafka's consumer group {group} did not settle: {output ?? "a minute is over"}");
            }

            await Task.Delay(PollInterval * 10, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { } process)
        {
            _process = null;
            await process.StopAsync();
            await process.DisposeAsync();
        }
    }

    private static KafkaPartition[] UserPartitions(KafkaMetadata metadata) =>
        [.. metadata.Partitions.Where(p => !p.IsInternal && !p.Topic.StartsWith("__", StringComparison.Ordinal))];

    private async Task<KafkaMetadata> MetadataAsync(CancellationToken cancellationToken) =>
        KafkaMessages.ReadMetadata(await KafkaConnection.AskAsync(Port, KafkaMessages.Metadata(), cancellationToken));

    private async Task<IReadOnlyList<KafkaOffset>> OffsetsAsync(
        IReadOnlyCollection<KafkaPartition> partitions, long which, CancellationToken cancellationToken) =>
        KafkaMessages.ReadOffsets(await KafkaConnection.AskAsync(Port, KafkaMessages.ListOffsets(partitions, which), cancellationToken));

    private async Task<TimeSpan> StartProcessAsync(Func<KafkaMetadata, Task<bool>> isReady, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        IRunningProcess process = _processes.Start(Path.Combine(_home, "bin", "kafka-server-start.sh"), [_propertyFile], _environment);
        _process = process;
        while (!await IsReadyAsync(isReady, cancellationToken))
        {
            if (process.HasExited || clock.Elapsed > StartLimit)
            {
                throw new BenchException($"Kafka did not start: {process.OutputTail}");
            }

            await Task.Delay(PollInterval, cancellationToken);
        }

        return clock.Elapsed;
    }

    private async Task<bool> IsReadyAsync(Func<KafkaMetadata, Task<bool>> isReady, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(AskLimit);
        try
        {
            return await isReady(await MetadataAsync(limit.Token));
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task EndProcessAsync(bool isKilled, CancellationToken cancellationToken)
    {
        IRunningProcess process = _process ?? throw new BenchException("Kafka is not running");
        string processId = process.Id.ToString(CultureInfo.InvariantCulture);
        // Not StopAsync: that ends with SIGKILL after ten seconds, and an orderly stop with much data unflushed may take longer.
        await _processes.RunAsync("kill", [isKilled ? "-KILL" : "-TERM", processId], cancellationToken: cancellationToken);
        var clock = Stopwatch.StartNew();
        while (!process.HasExited)
        {
            if (clock.Elapsed > StopLimit)
            {
                throw new BenchException($"Kafka did not stop within {StopLimit.TotalSeconds:0} s: {process.OutputTail}");
            }

            await Task.Delay(PollInterval, cancellationToken);
        }

        _process = null;
        await process.DisposeAsync();
    }
}
