using Google.Protobuf.Reflection;

namespace LogBroker.Rpc.Server;

/// <summary>
/// Finds the file of a name or a symbol among the given services' files, all they import, and the standard error details. Immutable.
/// </summary>
internal sealed class DescriptorIndex
{
    private readonly Dictionary<string, FileDescriptor> _files = [];
    private readonly Dictionary<string, FileDescriptor> _symbols = [];

    public DescriptorIndex(IReadOnlyList<ServiceDescriptor> services)
    {
        Services = [.. services.Select(static service => service.FullName).Order(StringComparer.Ordinal)];
        // Status details travel as Any, so no service imports their types: without them a client cannot show why it was refused.
        foreach (var root in services.Select(static service => service.File).Append(Google.Rpc.ErrorDetailsReflection.Descriptor))
        {
            foreach (var file in WithImports(root))
            {
                if (_files.TryAdd(file.Name, file))
                    Add(file);
            }
        }
    }

    public IReadOnlyList<string> Services { get; }

    public FileDescriptor? FileByName(string name) => _files.GetValueOrDefault(name);

    public FileDescriptor? FileBySymbol(string symbol) => _symbols.GetValueOrDefault(symbol);

    /// <summary>A file and what it imports, directly or not; each once.</summary>
    public static IReadOnlyList<FileDescriptor> WithImports(FileDescriptor file)
    {
        var found = new List<FileDescriptor>();
        Visit(file, found);
        return found;
    }

    private static void Visit(FileDescriptor file, List<FileDescriptor> found)
    {
        if (found.Any(each => each.Name == file.Name))
            return;
        found.Add(file);
        foreach (var import in file.Dependencies)
            Visit(import, found);
    }

    private void Add(FileDescriptor file)
    {
        foreach (var message in file.MessageTypes)
            Add(message, file);
        foreach (var type in file.EnumTypes)
            Add(type, file);
        foreach (var service in file.Services)
        {
            _symbols[service.FullName] = file;
            foreach (var method in service.Methods)
                _symbols[method.FullName] = file;
        }
    }

    private void Add(MessageDescriptor message, FileDescriptor file)
    {
        _symbols[message.FullName] = file;
        foreach (var field in message.Fields.InDeclarationOrder())
            _symbols[field.FullName] = file;
        foreach (var oneof in message.Oneofs)
            _symbols[oneof.FullName] = file;
        foreach (var nested in message.NestedTypes)
            Add(nested, file);
        foreach (var type in message.EnumTypes)
            Add(type, file);
    }

    private void Add(EnumDescriptor type, FileDescriptor file)
    {
        _symbols[type.FullName] = file;
        foreach (var value in type.Values)
            _symbols[value.FullName] = file;
    }
}
