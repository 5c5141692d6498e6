using System.Globalization;
using System.Text.Json;
using LogBroker.Bench.Plan;

namespace LogBroker.Bench.Systems.Nats;

/// <summary>
/// How partitions become streams. A partition is a subject <c>PREFIX.N</c>. Written, it is a stream of its own; where readers count,
/// there are as many streams as readers, because a JetStream consumer reads one stream.
/// </summary>
/// <param name="Prefix">Of its streams and subjects; each set of a run has another.</param>
/// <param name="Subjects">Partitions.</param>
/// <param name="Streams">1 to <paramref name="Subjects"/>.</param>
/// <param name="Replicas">Of each stream.</param>
internal sealed record NatsStreams(string Prefix, int Subjects, int Streams, int Replicas = 1)
{
    private const int CreateTriesMax = 40;
    private static readonly TimeSpan CreatePause = TimeSpan.FromMilliseconds(250);

    public static NatsStreams For(Scenario scenario, string prefix)
    {
        bool isRead = scenario.Kind is LoadKind.CatchUp or LoadKind.Tail;
        int streams = isRead ? Math.Min(scenario.Consumers, scenario.Partitions) : scenario.Partitions;
        return new NatsStreams(prefix, scenario.Partitions, streams, scenario.Nodes);
    }

    public string Name(int stream) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{stream}");

    /// <summary>What the load program publishes to: with several subjects it appends the token itself.</summary>
    public string PublishSubject => Subjects == 1 ? Subject(0) : Prefix;

    /// <summary>Subjects that a stream holds; of <paramref name="records"/> spread evenly this is its share.</summary>
    public long RecordsOf(int stream, long records) => records / Subjects * SubjectsOf(stream).Count();

    /// <summary>The body of a request to create it: file storage, no limits.</summary>
    public string Definition(int stream, bool isBatched) => JsonSerializer.Serialize(new Dictionary<string, object>
    {
        ["name"] = Name(stream),
        ["subjects"] = SubjectsOf(stream).Select(Subject).ToArray(),
        ["retention"] = "limits",
        ["storage"] = "file",
        ["discard"] = "old",
        ["num_replicas"] = Replicas,
        ["max_msgs"] = -1,
        ["max_bytes"] = -1,
        ["allow_batched"] = isBatched,
    });

    public async Task CreateAsync(NatsConnection connection, bool isBatched, CancellationToken cancellationToken)
    {
        for (int stream = 0; stream < Streams; stream++)
        {
            await CreateAsync(connection, stream, isBatched, cancellationToken);
        }
    }

    /// <summary>A young cluster may not know yet that it has enough servers for a stream.</summary>
    private async Task CreateAsync(NatsConnection connection, int stream, bool isBatched, CancellationToken cancellationToken)
    {
        for (int tries = 1; ; tries++)
        {
            try
            {
                await connection.RequestAsync(
                    "$JS.API.STREAM.CREATE." + Name(stream), Definition(stream, isBatched), cancellationToken);
                return;
            }
            catch (BenchException) when (Replicas > 1 && tries < CreateTriesMax)
            {
                await Task.Delay(CreatePause, cancellationToken);
            }
        }
    }

    /// <summary>Attaches one push consumer to each stream, all of them on this connection, waiting for what comes next.</summary>
    public async Task AttachAsync(NatsConnection connection, CancellationToken cancellationToken)
    {
        for (int stream = 0; stream < Streams; stream++)
        {
            string definition = JsonSerializer.Serialize(new Dictionary<string, object>
            {
                ["stream_name"] = Name(stream),
                ["config"] = new Dictionary<string, string>
                {
                    ["deliver_subject"] = NatsConnection.Inbox,
                    ["deliver_policy"] = "new",
                    ["ack_policy"] = "none",
                },
            });
            await connection.RequestAsync("$JS.API.CONSUMER.CREATE." + Name(stream), definition, cancellationToken);
        }
    }

    /// <summary>Messages that all its streams say they hold; an answer from each.</summary>
    public async Task<long> CountAsync(NatsConnection connection, CancellationToken cancellationToken)
    {
        long messages = 0;
        for (int stream = 0; stream < Streams; stream++)
        {
            JsonElement info = await connection.RequestAsync("$JS.API.STREAM.INFO." + Name(stream), "", cancellationToken);
            messages += Messages(info);
        }

        return messages;
    }

    /// <summary>From the answer to a request for a stream's information.</summary>
    internal static long Messages(JsonElement info) => info.GetProperty("state").GetProperty("messages").GetInt64();

    /// <summary>The load program pads its tokens with zeros to the width of their number: of ten, the last is <c>09</c>.</summary>
    public string Subject(int partition) =>
        $"{Prefix}.{Text(partition).PadLeft(Text(Subjects).Length, '0')}";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private IEnumerable<int> SubjectsOf(int stream) => Enumerable.Range(0, Subjects).Where(s => s % Streams == stream);
}
