using System.Globalization;
using System.Text.RegularExpressions;
using LogBroker.Protocol.V1;

namespace LogBroker.EndToEnd.Tests;

/// <summary>Counts the syncs of data files under strace: an acknowledgement means that one happened, unless the topic says memory.</summary>
public sealed partial class SyncCountTests
{
    private const int Records = 100;

    [Fact]
    public async Task Every_acknowledged_batch_of_a_durable_topic_was_synced_before()
    {
        var trace = await TraceAsync("fsync");
        // Sequential produces: between the answers number n-1 and n there is at least one sync of the log that succeeded.
        var times = trace.Syncs.Where(sync => sync.Result == 0).Select(sync => sync.EndedAt).ToArray();
        Assert.True(times.Length >= Records, $"{times.Length} syncs for {Records} acknowledgements");
        for (int i = 0; i < Records; i++)
        {
            double sent = trace.SentAt[i];
            double acknowledged = trace.AckedAt[i];
            Assert.True(times.Any(at => at > sent && at < acknowledged), $"no sync between sending and acknowledging batch {i}");
        }
    }

    [Fact]
    public async Task A_memory_topic_syncs_no_data()
    {
        var trace = await TraceAsync("memory");
        double first = trace.SentAt[0];
        double last = trace.AckedAt[^1];
        Assert.DoesNotContain(trace.Syncs, sync => sync.EndedAt > first && sync.EndedAt < last && sync.File.EndsWith(".log", StringComparison.Ordinal)
            && sync.File.Contains("/traced~", StringComparison.Ordinal));
    }

    private static async Task<Trace> TraceAsync(string durability)
    {
        if (!File.Exists("/usr/bin/strace"))
            Assert.Skip("strace is not installed");
        using var directory = new TestDirectory();
        string output = directory.File("trace");
        string[] strace = ["/usr/bin/strace", "-f", "-ttt", "-T", "-y", "-e", "trace=fdatasync,fsync", "-o", output];
        var sent = new List<double>();
        var acked = new List<double>();
        ServerProcess server;
        try
        {
            server = await ServerProcess.StartAsync(directory.File("data"), wrapper: strace);
        }
        catch (InvalidOperationException e) when (e.Message.Contains("ptrace", StringComparison.OrdinalIgnoreCase))
        {
            Assert.Skip("strace may not trace here");
            throw;
        }

        await using (server)
        {
            await using var client = new TestClient(server);
            await client.CreateTopicAsync("traced", 1, ("durability", durability));
            for (int i = 0; i < Records; i++)
            {
                sent.Add(Now());
                var ack = await client.ProduceAsync("traced", 0, "record " + i);
                acked.Add(Now());
                Assert.Equal(durability == "fsync" ? Durability.QuorumFsync : Durability.QuorumMemory, ack.Receipt.Durability);
            }

            Assert.Equal(0, await server.StopAsync(TimeSpan.FromSeconds(60)));
        }

        return new Trace(Parse(await File.ReadAllLinesAsync(output)), sent, acked);
    }

    private static double Now() => (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds;

    private static List<Sync> Parse(string[] lines)
    {
        var syncs = new List<Sync>();
        var unfinished = new Dictionary<string, string>();
        foreach (string line in lines)
        {
            if (Started().Match(line) is { Success: true } started)
                unfinished[started.Groups["thread"].Value] = started.Groups["file"].Value;
            else if (Resumed().Match(line) is { Success: true } resumed
                && unfinished.Remove(resumed.Groups["thread"].Value, out string? file))
                syncs.Add(new Sync(file, Number(resumed, "at"), (int)Number(resumed, "result")));
            else if (Whole().Match(line) is { Success: true } whole)
                syncs.Add(new Sync(whole.Groups["file"].Value, Number(whole, "at") + Number(whole, "took"), (int)Number(whole, "result")));
        }

        return syncs;
    }

    private static double Number(Match match, string group) => double.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(?<thread>\d+) +[\d.]+ f(data)?sync\(\d+<(?<file>[^>]*)> <unfinished")]
    private static partial Regex Started();

    [GeneratedRegex(@"^(?<thread>\d+) +(?<at>[\d.]+) <\.\.\. f(data)?sync resumed>.*= (?<result>-?\d+)")]
    private static partial Regex Resumed();

    [GeneratedRegex(@"^(?<thread>\d+) +(?<at>[\d.]+) f(data)?sync\(\d+<(?<file>[^>]*)>\) += (?<result>-?\d+).*<(?<took>[\d.]+)>$")]
    private static partial Regex Whole();

    private sealed record Sync(string File, double EndedAt, int Result);

    private sealed record Trace(List<Sync> Syncs, List<double> SentAt, List<double> AckedAt);
}
