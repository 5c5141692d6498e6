using System.Globalization;
using System.Text;
using System.Text.Json;
using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>
/// Whose data directory this is; the file <c>meta.json</c>, written by writing it aside and renaming. Immutable.
/// <code>
/// { "formatVersion": 1, "clusterId": "32 hex", "nodeId": 1, "directoryId": "32 hex", "loneVoter": true }
/// </code>
/// A node of several has <c>"loneVoter": false</c> and, once the cluster is formed, <c>"formedWith": [{ "nodeId", "directoryId" }, …]</c>;
/// until then its cluster id is all zeros.
/// </summary>
/// <param name="FormatVersion">Version of the formats in the directory.</param>
/// <param name="ClusterId">The cluster.</param>
/// <param name="NodeId">The node.</param>
/// <param name="DirectoryId">This directory: a wiped node has another one.</param>
/// <param name="IsLoneVoter">True while this node alone is the voter set, so that it may rebuild lost state from its log (R30).</param>
public sealed record MetaFile(int FormatVersion, ClusterId ClusterId, NodeId NodeId, DirectoryId DirectoryId, bool IsLoneVoter)
{
    /// <summary>The voters at forming and the directories they had then (R27), in order of id; empty for a node alone.</summary>
    public IReadOnlyList<FormedVoter> FormedWith { get; init; } = [];

    /// <summary>True when the directory belongs to a cluster, of one node or more.</summary>
    public bool IsFormed => ClusterId != default;

    /// <summary>Version of the formats that this program reads and writes.</summary>
    public const int CurrentFormatVersion = 1;

    /// <summary>Name of the file.</summary>
    public const string FileName = "meta.json";

    private const int BytesMax = 64 * 1024;

    /// <summary>The file as text.</summary>
    public byte[] Encode()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("formatVersion", FormatVersion);
            json.WriteString("clusterId", ClusterId.ToString());
            json.WriteNumber("nodeId", NodeId.Value);
            json.WriteString("directoryId", DirectoryId.ToString());
            json.WriteBoolean("loneVoter", IsLoneVoter);
            if (FormedWith.Count > 0)
            {
                WriteVoters(json);
            }

            json.WriteEndObject();
        }

        stream.Write("\n"u8);
        return stream.ToArray();
    }

    /// <summary>Reads the text; an error says what is wrong with it. A newer format is read no further than its version.</summary>
    public static Result<MetaFile> Decode(ReadOnlySpan<byte> text, string path)
    {
        try
        {
            var reader = new Utf8JsonReader(text);
            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            JsonElement root = document.RootElement;
            int version = root.GetProperty("formatVersion").GetInt32();
            if (version > CurrentFormatVersion)
            {
                return Refusal(
                    string.Create(CultureInfo.InvariantCulture, $"{path}: the directory has format version {version}, ")
                    + string.Create(CultureInfo.InvariantCulture, $"this program reads up to {CurrentFormatVersion}: use a newer program"));
            }

            return new MetaFile(
                version,
                new ClusterId(Guid.ParseExact(root.GetProperty("clusterId").GetString()!, "N")),
                new NodeId(root.GetProperty("nodeId").GetInt32()),
                new DirectoryId(Guid.ParseExact(root.GetProperty("directoryId").GetString()!, "N")),
                root.GetProperty("loneVoter").GetBoolean())
            {
                FormedWith = root.TryGetProperty("formedWith", out JsonElement voters) ? ReadVoters(voters) : [],
            };
        }
        catch (Exception e) when (
            e is JsonException or KeyNotFoundException or FormatException or InvalidOperationException or ArgumentNullException)
        {
            string shown = ShownValue.Of(Encoding.UTF8.GetString(text));
            return Refusal($"{path} cannot be read, topic data is untouched: {e.Message}; its text is {shown}");
        }
    }

    /// <summary>The file in a directory, or null when there is none.</summary>
    public static Result<MetaFile>? TryRead(IDisk disk, string directory)
    {
        string path = directory + "/" + FileName;
        if (!disk.FileExists(path))
        {
            return null;
        }

        using IDiskFile file = disk.Open(path, DiskAccess.ReadOnly);
        var text = new byte[Math.Min(file.Length, BytesMax)];
        int count = file.Read(0, text);
        return Decode(text.AsSpan(0, count), path);
    }

    /// <summary>Makes this the file in a directory; durable when it returns.</summary>
    public void Write(IDisk disk, string directory)
    {
        string path = directory + "/" + FileName;
        string temporary = path + SegmentName.Temporary;
        disk.DeleteFile(temporary);
        using (IDiskFile file = disk.Open(temporary, DiskAccess.CreateNew))
        {
            file.Write(0, Encode());
            file.Sync();
        }

        disk.Rename(temporary, path);
        disk.SyncDirectory(directory);
    }

    private static FormedVoter[] ReadVoters(JsonElement voters) =>
    [
        .. voters.EnumerateArray().Select(v => new FormedVoter(
            new NodeId(v.GetProperty("nodeId").GetInt32()),
            new DirectoryId(Guid.ParseExact(v.GetProperty("directoryId").GetString()!, "N")))),
    ];

    private void WriteVoters(Utf8JsonWriter json)
    {
        json.WriteStartArray("formedWith");
        foreach (FormedVoter voter in FormedWith)
        {
            json.WriteStartObject();
            json.WriteNumber("nodeId", voter.Node.Value);
            json.WriteString("directoryId", voter.Directory.ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    internal static BrokerError Refusal(string message) => new(ErrorCode.InvalidConfig, message);
}
