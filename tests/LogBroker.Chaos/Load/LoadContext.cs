using System.Collections.Concurrent;

namespace LogBroker.Chaos;

/// <summary>What all clients of a run share. Thread-safe.</summary>
internal sealed class LoadContext(ChaosCluster cluster, HistoryRecorder recorder, string topic, int partitionsCount)
{
    private readonly ConcurrentDictionary<string, int> _outcomes = [];
    private readonly ConcurrentQueue<string> _problems = [];
    private long _acked;

    public ChaosCluster Cluster => cluster;

    public HistoryRecorder Recorder => recorder;

    public string Topic => topic;

    public int PartitionsCount => partitionsCount;

    /// <summary>Records acknowledged so far.</summary>
    public long Acked => Interlocked.Read(ref _acked);

    /// <summary>How often sends ended in which way other than by an acknowledgement.</summary>
    public IReadOnlyDictionary<string, int> Outcomes => _outcomes;

    /// <summary>What went wrong besides the history, a sentence each.</summary>
    public IReadOnlyList<string> Problems => [.. _problems];

    public void CountAck() => Interlocked.Increment(ref _acked);

    public void CountOutcome(string what) => _outcomes.AddOrUpdate(what, 1, (_, count) => count + 1);

    public void AddProblem(string sentence)
    {
        // A few tell the story; a run must not drown in them.
        if (_problems.Count < 50)
            _problems.Enqueue(sentence);
    }

    /// <summary>A client that knows all nodes.</summary>
    public Client.LogBrokerClient NewClient(string name) => new(new Client.LogBrokerClientOptions
    {
        Servers = cluster.Servers,
        ClientId = name,
        RequestTimeout = TimeSpan.FromSeconds(10),
        ConnectTimeout = TimeSpan.FromSeconds(5),
    });
}
