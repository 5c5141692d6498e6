using System.Text.Json;

namespace LogBroker.Cli;

/// <summary>Writes an <see cref="OutputRecord"/> as JSON, without reflection. Numbers stay numbers, 64-bit ones too.</summary>
internal static class JsonValues
{
    /// <summary>Writes an object.</summary>
    public static void Write(Utf8JsonWriter json, OutputRecord record)
    {
        json.WriteStartObject();
        foreach (OutputField field in record.Where(f => f.InJson))
        {
            json.WritePropertyName(field.Name);
            Value(json, field.Value);
        }

        json.WriteEndObject();
    }

    private static void Value(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case string text:
                json.WriteStringValue(text);
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case int number:
                json.WriteNumberValue(number);
                break;
            case long number:
                json.WriteNumberValue(number);
                break;
            case double number:
                json.WriteNumberValue(number);
                break;
            case OutputRecord record:
                Write(json, record);
                break;
            case IReadOnlyList<OutputRecord> or IReadOnlyList<string> or IReadOnlyList<int> or IReadOnlyList<long>:
                json.WriteStartArray();
                foreach (object item in (System.Collections.IEnumerable)value)
                {
                    Value(json, item);
                }

                json.WriteEndArray();
                break;
            default:
                throw new InvalidOperationException("a record holds only plain values");
        }
    }
}
