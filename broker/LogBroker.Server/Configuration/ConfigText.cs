using System.Text.Json;

namespace LogBroker.Server;

/// <summary>Configuration for people and programs on stdout.</summary>
internal static class ConfigText
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true };

    /// <summary>Writes every value with its origin, as a table or as a JSON array.</summary>
    public static void List(TextWriter output, EffectiveConfig config, bool asJson)
    {
        if (asJson)
        {
            output.WriteLine(Json(config));
            return;
        }

        int keyWidth = config.Values.Max(value => value.Key.Name.Length);
        int textWidth = Math.Min(40, config.Values.Max(value => value.Text.Length));
        foreach (var value in config.Values)
            output.WriteLine($"{value.Key.Name.PadRight(keyWidth)}  {value.Text.PadRight(textWidth)}  {value.Place}");
    }

    /// <summary>Writes what one key is for.</summary>
    public static void Explain(TextWriter output, ConfigValue value)
    {
        var key = value.Key;
        output.WriteLine(key.Name);
        output.WriteLine($"  {key.Documentation}");
        output.WriteLine($"  values:      {key.Range}");
        output.WriteLine($"  default:     {(key.Default.Length == 0 ? "(empty)" : key.Default)}");
        output.WriteLine($"  now:         {(value.Text.Length == 0 ? "(empty)" : value.Text)} ({value.Place})");
        output.WriteLine($"  flag:        {(key.ShortFlag is null ? key.Flag : key.ShortFlag + " or " + key.Flag)}");
        output.WriteLine($"  environment: {key.EnvironmentVariable}");
        if (key.TopicKey is not null)
            output.WriteLine($"  per topic:   {key.TopicKey}");
    }

    /// <summary>"default", "file", "environment" or "flag".</summary>
    public static string Origin(ConfigOrigin origin) => origin.ToString().ToLowerInvariant();

    private static string Json(EffectiveConfig config)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Indented))
        {
            json.WriteStartArray();
            foreach (var value in config.Values)
            {
                json.WriteStartObject();
                json.WriteString("key", value.Key.Name);
                json.WriteString("value", value.Text);
                json.WriteString("origin", Origin(value.Origin));
                json.WriteString("unit", value.Key.Unit);
                json.WriteString("documentation", value.Key.Documentation);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return System.Text.Encoding.UTF8.GetString(bytes.ToArray());
    }
}
