using System.Text.Json;
using LogBroker.Bench.Plan;
using LogBroker.Bench.Systems.Nats;

namespace LogBroker.Bench.Tests.Nats;

public sealed class NatsSystemTests
{
    private static Scenario Named(string name) => WorkloadCatalogue.All.SelectMany(w => w.Scenarios).Single(s => s.Name == name);

    [Fact]
    public void Without_files_it_says_which_options_are_missing()
    {
        Assert.Contains("--nats-server", new NatsSystem(null, null).WhyAbsent());
        Assert.Contains("/none/nats-server", new NatsSystem("/none/nats-server", null).WhyAbsent());
        Assert.Contains("--nats FILE", new NatsSystem("/bin/sh", null).WhyAbsent());
        Assert.Null(new NatsSystem("/bin/sh", "/bin/sh").WhyAbsent());
    }

    [Theory]
    [InlineData("W1-A", 2)]
    [InlineData("W2-B", 1)]
    [InlineData("W4-A", 1)]
    [InlineData("W5-A-5000", 0)]
    [InlineData("W7-B-256", 1)]
    [InlineData("W8-cold-4", 1)]
    [InlineData("W12-A-32", 0)]
    [InlineData("W12-idle-256", 1)]
    [InlineData("W10-A", 1)]
    [InlineData("W10-A-5000", 1)]
    [InlineData("W11-rejoin", 1)]
    public void It_has_load_programs_for_what_it_can_do_alike(string scenario, int clients) =>
        Assert.Equal(clients, new NatsSystem(null, null).ClientsFor(Named(scenario)).Count);

    [Fact]
    public void Only_class_B_syncs_each_message()
    {
        Assert.Contains("sync_interval: always", NatsServer.ConfigurationFile("/d", DurabilityClass.B, null));
        Assert.DoesNotContain("sync_interval", NatsServer.ConfigurationFile("/d", DurabilityClass.A, null));
        Assert.Contains("store_dir: \"/d \\\"x\\\"\"", NatsServer.ConfigurationFile("/d \"x\"", DurabilityClass.A, null));
    }

    [Theory]
    [InlineData("[7006] 2026/11/25 15:32:38.949530 [INF] Listening for client connections on 127.0.0.1:36495", 36495)]
    [InlineData("[7006] 2026/11/25 15:32:38.945648 [INF] Starting http monitor on 127.0.0.1:28222", null)]
    public void The_port_is_read_from_its_log(string line, int? port) => Assert.Equal(port, NatsServer.ListeningPort(line));

    [Theory]
    [InlineData("W2-A", 8, 8)]
    [InlineData("W4-A", 4, 2)]
    [InlineData("W8-warm-1", 4, 1)]
    [InlineData("W8-warm-4", 4, 4)]
    public void A_partition_is_a_stream_unless_a_reader_has_several(string scenario, int subjects, int streams) =>
        Assert.Equal(new NatsStreams("b", subjects, streams), NatsStreams.For(Named(scenario), "b"));

    [Fact]
    public void Subjects_are_dealt_out_and_each_stream_knows_its_share()
    {
        var streams = new NatsStreams("b", Subjects: 4, Streams: 2);

        using var definition = JsonDocument.Parse(streams.Definition(1, isBatched: false));

        Assert.Equal("b1", definition.RootElement.GetProperty("name").GetString());
        Assert.Equal("file", definition.RootElement.GetProperty("storage").GetString());
        Assert.Equal(["b.1", "b.3"], definition.RootElement.GetProperty("subjects").EnumerateArray().Select(s => s.GetString()!));
        Assert.Equal(50, streams.RecordsOf(1, 100));
    }

    [Theory]
    [InlineData(1, 0, "b.0")]
    [InlineData(8, 7, "b.7")]
    [InlineData(10, 9, "b.09")]
    [InlineData(100, 99, "b.099")]
    public void Subjects_are_padded_as_the_load_program_does_it(int subjects, int stream, string subject)
    {
        using var definition = JsonDocument.Parse(new NatsStreams("b", subjects, subjects).Definition(stream, isBatched: false));

        Assert.Equal(subject, definition.RootElement.GetProperty("subjects")[0].GetString());
    }

    [Fact]
    public void Messages_are_counted_from_a_streams_state()
    {
        using var info = JsonDocument.Parse("""
            {"type":"io.nats.jetstream.api.v1.stream_info_response","config":{"name":"s0"},"state":{"messages":25659,"bytes":27095904}}
            """);

        Assert.Equal(25659, NatsStreams.Messages(info.RootElement));
    }

    [Fact]
    public void Arguments_say_what_is_in_flight()
    {
        Assert.Equal(
            "pub async --batch 2000 --clients 4 --msgs 800 --size 1024 --multisubject --multisubjectmax 8 --payload p --stream b0 b",
            Arguments("W2-A", isFast: false));
        Assert.Equal(
            "pub async --batch 500 --clients 1 --msgs 800 --size 1024 --payload p --stream b0 b.0",
            Arguments("W1-B", isFast: false));
        Assert.Equal(
            "pub fast --max-outstanding-acks 2 --batch 2048 --clients 1 --msgs 800 --size 1024 --payload p --stream b0 b.0",
            Arguments("W1-A", isFast: true));
        Assert.Equal(
            "pub sync --clients 16 --msgs 800 --size 1024 --payload p --stream b0 b.0",
            Arguments("W7-B-16", isFast: false));
    }

    private static string Arguments(string scenario, bool isFast)
    {
        Scenario named = Named(scenario);
        return string.Join(' ', NatsBench.PublishArguments(NatsStreams.For(named, "b"), named, isFast, 800, "p"));
    }
}
