using System.Text;
using System.Text.Json;
using Google.Protobuf.Reflection;
using LogBroker.Cli;
using LogBroker.Client;
using V1 = LogBroker.Protocol.V1;

namespace LogBroker.EndToEnd.Tests.Cli;

/// <summary>One description of a thing in four shapes, with the names of the proto.</summary>
public sealed class CliOutputTests
{
    private static readonly OutputRecord Sample = new()
    {
        { "name", "or\tders" },
        { "sizeBytes", 2048L, "2.0 KiB" },
        { "secret", true, null, false },
        { "replicaNodeIds", new[] { 1, 2 } },
        { "detail", null },
        { "config", new[] { new OutputRecord { { "key", "k" }, { "value", "7" } } } },
    };

    [Fact]
    public void Json_is_one_document() => Assert.Equal(
        """
        {"name":"or\tders","sizeBytes":2048,"secret":true,"replicaNodeIds":[1,2],"detail":null,"config":[{"key":"k","value":"7"}]}
        """.Trim(),
        Compact(Written(OutputFormat.Json, o => o.Single(Sample))));

    [Fact]
    public void A_json_list_is_an_object_with_a_name()
    {
        Assert.Equal("""{"topics":[]}""", Compact(Written(OutputFormat.Json, o => o.List("topics", []))));
        using JsonDocument list = JsonDocument.Parse(Written(OutputFormat.Json, o => o.List("topics", [Sample, Sample])));
        Assert.Equal(2, list.RootElement.GetProperty("topics").GetArrayLength());
    }

    [Fact]
    public void Jsonl_is_one_line_per_item()
    {
        string[] lines = Written(OutputFormat.Jsonl, o => o.List("topics", [Sample, Sample]))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        Assert.All(lines, line => Assert.Equal(2048, JsonDocument.Parse(line).RootElement.GetProperty("sizeBytes").GetInt64()));
    }

    [Fact]
    public void Tsv_has_no_header_and_plain_numbers() =>
        Assert.Equal("or\\tders\t2048\t1,2\t\n", Written(OutputFormat.Tsv, o => o.List("topics", [Sample])));

    [Fact]
    public void Tsv_of_one_thing_names_its_values() => Assert.Equal(
        "name\tor\\tders\nsizeBytes\t2048\nsecret\ttrue\nreplicaNodeIds\t1,2\ndetail\t\nconfig\tk\t7\n",
        Written(OutputFormat.Tsv, o => o.Single(Sample)));

    [Fact]
    public void A_table_has_titles_and_readable_sizes()
    {
        string[] lines = Written(OutputFormat.Table, o => o.List("topics", [Sample])).Split('\n');
        Assert.Equal(["NAME", "SIZE", "REPLICA", "NODE", "IDS", "DETAIL"], lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("or\\tders", lines[1]);
        Assert.Contains("2.0 KiB", lines[1]);
    }

    [Fact]
    public void Control_characters_do_not_reach_the_terminal() => Assert.Equal("a\\x1b[2J\\n", OutputText.Visible("a\e[2J\n"));

    [Fact]
    public void Topics_have_the_names_of_the_proto()
    {
        var topic = new TopicDescription(
            "orders",
            "00",
            [new PartitionDescription(0, 1, 2, [1], 3, 4, 5, PartitionState.Online, "")],
            [new TopicConfigEntry("k", "v", ConfigOrigin.Topic, "d")],
            false,
            1);
        AssertNames(TopicRecords.Whole(topic), V1.Topic.Descriptor, isWhole: true);
        AssertNames(TopicRecords.Summary(topic), V1.Topic.Descriptor, isWhole: false);
    }

    [Fact]
    public void Clusters_have_the_names_of_the_proto()
    {
        ClusterView view = ClusterMerge.Merge(Sayings.Healthy, []);
        MessageDescriptor status = V1.GetStatusResponse.Descriptor;
        AssertKnown(ClusterRecords.Status(view, ClusterHealth.Of(view)), [status], "severity", "nodesAnswering");
        AssertKnown(
            ClusterRecords.Node(view.Nodes[0]),
            [V1.NodeInfo.Descriptor, status],
            "role",
            "leads",
            "replicas",
            "unheardByNodeIds",
            "detail");
        AssertKnown(
            ClusterRecords.Partition(view.Partitions[0]), [V1.PartitionInfo.Descriptor, V1.ReplicaInfo.Descriptor], "inSyncNodeIds");
        OutputRecord replica = ClusterRecords.Partition(view.Partitions[0]).Lists.Single(l => l.Name == "replicas").Items[0];
        AssertNames(replica, V1.ReplicaInfo.Descriptor, isWhole: true);
    }

    /// <summary>What the program adds to what brokers say has names of its own.</summary>
    private static void AssertKnown(OutputRecord record, MessageDescriptor[] protos, params string[] own) => Assert.Empty(
        record.Where(f => f.InJson).Select(f => f.Name)
            .Except(protos.SelectMany(p => p.Fields.InDeclarationOrder()).Select(f => f.JsonName))
            .Except(own));

    [Fact]
    public void Configuration_has_the_names_of_the_proto() =>
        AssertNames(
            ConfigCommands.ToRecord(new NodeConfigEntry("k", "v", "default", "d", "ms")), V1.NodeConfigEntry.Descriptor, isWhole: true);

    private static void AssertNames(OutputRecord record, MessageDescriptor proto, bool isWhole)
    {
        string[] names = [.. record.Where(f => f.InJson).Select(f => f.Name)];
        string[] known = [.. proto.Fields.InDeclarationOrder().Select(f => f.JsonName)];
        Assert.Empty(names.Except(known));
        if (isWhole)
        {
            Assert.Empty(known.Except(names));
        }

        foreach ((string name, IReadOnlyList<OutputRecord> items) in record.Lists)
        {
            AssertNames(items[0], proto.Fields.InDeclarationOrder().Single(f => f.JsonName == name).MessageType, isWhole: true);
        }
    }

    private static string Compact(string json) =>
        JsonSerializer.Serialize(JsonDocument.Parse(json).RootElement);

    private static string Written(OutputFormat format, Action<OutputWriter> write)
    {
        var stdout = new MemoryStream();
        write(OutputWriter.Create(format, new CliHost { Stdout = stdout, Stderr = TextWriter.Null, Stdin = Stream.Null }));
        return Encoding.UTF8.GetString(stdout.ToArray());
    }
}
