using System.Globalization;
using System.Text;
using System.Text.Json;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary>
/// What <c>group export</c> writes, read back: topic, partition and offset between tabs, or a JSON object on each line, or one document
/// with a list of offsets.
/// </summary>
internal static class OffsetFile
{
    /// <summary>Reads a file; <c>-</c> is stdin.</summary>
    /// <exception cref="CliException">It cannot be read, or a line is malformed.</exception>
    public static async Task<Dictionary<TopicPartition, long>> ReadAsync(CommandContext context, string path, CancellationToken ct)
    {
        string text;
        try
        {
            using var reader = path == "-"
                ? new StreamReader(context.Host.Stdin, Encoding.UTF8, true, 4096, leaveOpen: true)
                : new StreamReader(path, Encoding.UTF8);
            text = await reader.ReadToEndAsync(ct);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.NotFound, $"--to-file: {e.Message}");
        }

        return Parse(text);
    }

    /// <summary>Reads the text of a file.</summary>
    /// <exception cref="CliException">A line is malformed, or a partition comes twice.</exception>
    public static Dictionary<TopicPartition, long> Parse(string text)
    {
        var offsets = new Dictionary<TopicPartition, long>();
        if (IsDocument(text))
        {
            using JsonDocument document = JsonDocument.Parse(text);
            foreach (JsonElement entry in document.RootElement.GetProperty("offsets").EnumerateArray())
            {
                Add(offsets, entry, entry.GetRawText());
            }

            return offsets;
        }

        int number = 0;
        foreach (string line in text.Split('\n').Select(l => l.TrimEnd('\r')))
        {
            number++;
            if (line.Length == 0)
            {
                continue;
            }

            if (line[0] == '{')
            {
                AddJson(offsets, line, number);
                continue;
            }

            string[] parts = line.Split('\t');
            if (parts.Length < 3
                || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int partition)
                || !long.TryParse(parts[2], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long offset))
            {
                throw Malformed($"line {number} is not TOPIC, PARTITION and OFFSET between tabs");
            }

            Add(offsets, new TopicPartition(parts[0], partition), offset);
        }

        return offsets.Count > 0 ? offsets : throw Malformed("there are no offsets in it");
    }

    private static bool IsDocument(string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("offsets", out _);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static void AddJson(Dictionary<TopicPartition, long> offsets, string line, int number)
    {
        try
        {
            using JsonDocument entry = JsonDocument.Parse(line);
            Add(offsets, entry.RootElement, $"line {number}");
        }
        catch (JsonException)
        {
            throw Malformed($"line {number} is no JSON");
        }
    }

    private static void Add(Dictionary<TopicPartition, long> offsets, JsonElement entry, string where)
    {
        if (entry.ValueKind == JsonValueKind.Object
            && entry.TryGetProperty("topic", out JsonElement topic) && topic.ValueKind == JsonValueKind.String
            && entry.TryGetProperty("partition", out JsonElement partition) && partition.TryGetInt32(out int number)
            && entry.TryGetProperty("offset", out JsonElement offset) && offset.TryGetInt64(out long value))
        {
            Add(offsets, new TopicPartition(topic.GetString()!, number), value);
            return;
        }

        throw Malformed($"{where} has no topic, partition and offset");
    }

    private static void Add(Dictionary<TopicPartition, long> offsets, TopicPartition partition, long offset)
    {
        if (!offsets.TryAdd(partition, offset))
        {
            throw Malformed($"{partition} comes twice");
        }
    }

    private static CliException Malformed(string why) => CliException.Usage("--to-file: " + why, "it reads what group export writes");
}
