using System.Collections;
using System.Text.Json;

namespace LogBroker.Server;

/// <summary>One text somebody wrote for a key name that may or may not be known.</summary>
internal readonly record struct WrittenValue(string Name, string Text, ConfigOrigin Origin, string Place);

/// <summary>Collects what was written, place by place; checks nothing but the syntax of the file.</summary>
internal static class ConfigSources
{
    /// <summary>Begins the name of every environment variable that is a configuration key.</summary>
    public const string EnvironmentPrefix = "LOGBROKER__";

    /// <summary>The name of the object that a configuration file may wrap its sections in.</summary>
    public const string RootSection = "LogBroker";

    private const long FileBytesMax = 1024 * 1024;

    /// <summary>Every <c>LOGBROKER__Section__Key</c> variable, in order of name.</summary>
    public static IEnumerable<WrittenValue> FromEnvironment(IDictionary variables) =>
        variables.Cast<DictionaryEntry>()
            .Select(entry => (Name: (string)entry.Key, Text: (string?)entry.Value ?? ""))
            .Where(entry => entry.Name.StartsWith(EnvironmentPrefix, StringComparison.OrdinalIgnoreCase))
            .OrderBy(entry => entry.Name, StringComparer.Ordinal)
            .Select(entry => new WrittenValue(
                entry.Name[EnvironmentPrefix.Length..].Replace("__", ":", StringComparison.Ordinal),
                entry.Text,
                ConfigOrigin.Environment,
                "environment variable " + entry.Name));

    /// <summary>
    /// Every leaf of a JSON file: sections are objects, keys their members, comments are allowed; all of it may stand in one object
    /// "LogBroker". Faults are added to <paramref name="faults"/>.
    /// </summary>
    public static IReadOnlyList<WrittenValue> FromFile(string path, List<ConfigFault> faults)
    {
        try
        {
            var file = new FileInfo(path);
            if (file.Exists && file.Length > FileBytesMax)
                throw new IOException($"the file is larger than {FileBytesMax} bytes");
            var options = new JsonDocumentOptions
            {
                AllowDuplicateProperties = false,
                AllowTrailingCommas = true,
                CommentHandling = JsonCommentHandling.Skip,
            };
            using var document = JsonDocument.Parse(File.ReadAllBytes(path), options);
            var values = new List<WrittenValue>();
            var root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Object && root.EnumerateObject().Count() == 1
                && root.EnumerateObject().First() is { } only && only.NameEquals(RootSection))
                root = only.Value;
            Walk(root, "", path, values, faults);
            return values;
        }
        catch (JsonException e)
        {
            string at = e.LineNumber is { } line ? $" at line {line + 1}, byte {e.BytePositionInLine + 1}" : "";
            faults.Add(new ConfigFault(path, "", null, $"is not valid JSON{at}", "correct it, or start without --config"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            faults.Add(new ConfigFault(path, "", null, $"cannot be read: {e.Message}", "name a readable file with --config"));
        }

        return [];
    }

    private static void Walk(JsonElement element, string name, string path, List<WrittenValue> values, List<ConfigFault> faults)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in element.EnumerateObject())
                    Walk(member.Value, name.Length == 0 ? member.Name : name + ":" + member.Name, path, values, faults);
                break;
            case JsonValueKind.String:
                values.Add(new WrittenValue(name, element.GetString()!, ConfigOrigin.File, path));
                break;
            case JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False when name.Length > 0:
                values.Add(new WrittenValue(name, element.GetRawText(), ConfigOrigin.File, path));
                break;
            default:
                faults.Add(new ConfigFault(
                    path, name, element.GetRawText(), "is neither text, number nor true/false", "give one value in its place"));
                break;
        }
    }
}
