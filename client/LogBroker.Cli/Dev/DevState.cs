using System.Text.Json;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary>A node of a local cluster. Immutable.</summary>
/// <param name="NodeId">Its number.</param>
/// <param name="GrpcPort">Where clients reach it.</param>
/// <param name="PeerPort">Where other nodes reach it.</param>
/// <param name="HttpPort">Where its health and metrics are.</param>
/// <param name="Process">The process that was started last, or null.</param>
internal sealed record DevNode(int NodeId, int GrpcPort, int PeerPort, int HttpPort, DevProcess? Process)
{
    /// <summary>HOST:PORT for clients.</summary>
    public string Address => $"127.0.0.1:{GrpcPort}";

    /// <summary>What its process is doing.</summary>
    public ProcessCondition Condition => Process?.Condition ?? ProcessCondition.Gone;
}

/// <summary>
/// What is known of a local cluster, in the file <c>cluster.json</c> of its directory: replaced as a whole, so that a reader sees the old
/// or the new one. Immutable.
/// </summary>
/// <param name="ServerCommand">The program of the nodes and what stands in front of its flags.</param>
/// <param name="Nodes">In order of number.</param>
internal sealed record DevState(IReadOnlyList<string> ServerCommand, IReadOnlyList<DevNode> Nodes)
{
    private const int Version = 1;

    /// <summary>What clients of it are told.</summary>
    public string Servers => string.Join(',', Nodes.Select(n => n.Address));

    /// <summary>The file in a directory.</summary>
    public static string PathIn(string directory) => Path.Combine(directory, "cluster.json");

    /// <summary>Reads it; null when there is none.</summary>
    /// <exception cref="CliException">It is damaged or of another version.</exception>
    public static DevState? Load(string directory)
    {
        string path = PathIn(directory);
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(path));
            JsonElement root = json.RootElement;
            if (root.GetProperty("version").GetInt32() != Version)
            {
                throw new FormatException($"it is not of version {Version}");
            }

            return new DevState(
                [.. root.GetProperty("serverCommand").EnumerateArray().Select(word => word.GetString()!)],
                [.. root.GetProperty("nodes").EnumerateArray().Select(ReadNode)]);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or FormatException or InvalidOperationException)
        {
            throw new CliException(
                ExitCode.Conflict, $"{path} cannot be read: {e.Message}", "remove it when none of its nodes runs any more");
        }
    }

    /// <summary>Writes it.</summary>
    public void Save(string directory)
    {
        var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("version", Version);
            json.WriteStartArray("serverCommand");
            foreach (string word in ServerCommand)
            {
                json.WriteStringValue(word);
            }

            json.WriteEndArray();
            json.WriteStartArray("nodes");
            foreach (DevNode node in Nodes)
            {
                WriteNode(json, node);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        string temporary = PathIn(directory) + ".new";
        File.WriteAllBytes(temporary, bytes.ToArray());
        File.Move(temporary, PathIn(directory), overwrite: true);
    }

    /// <summary>The same with one node replaced.</summary>
    public DevState With(DevNode node) => this with { Nodes = [.. Nodes.Select(n => n.NodeId == node.NodeId ? node : n)] };

    private static DevNode ReadNode(JsonElement node) => new(
        node.GetProperty("nodeId").GetInt32(),
        node.GetProperty("grpcPort").GetInt32(),
        node.GetProperty("peerPort").GetInt32(),
        node.GetProperty("httpPort").GetInt32(),
        node.TryGetProperty("pid", out JsonElement pid)
            ? new DevProcess(pid.GetInt32(), node.GetProperty("startTicks").GetInt64(), node.GetProperty("bootId").GetString()!)
            : null);

    private static void WriteNode(Utf8JsonWriter json, DevNode node)
    {
        json.WriteStartObject();
        json.WriteNumber("nodeId", node.NodeId);
        json.WriteNumber("grpcPort", node.GrpcPort);
        json.WriteNumber("peerPort", node.PeerPort);
        json.WriteNumber("httpPort", node.HttpPort);
        if (node.Process is { } process)
        {
            json.WriteNumber("pid", process.ProcessId);
            json.WriteNumber("startTicks", process.StartTicks);
            json.WriteString("bootId", process.BootId);
        }

        json.WriteEndObject();
    }
}
