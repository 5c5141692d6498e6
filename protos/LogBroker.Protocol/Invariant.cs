using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace LogBroker.Protocol;

/// <summary>Conditions that cannot be false unless the program is wrong. On in production.</summary>
public static class Invariant
{
    /// <summary>Throws <see cref="InvariantViolationException"/> when <paramref name="condition"/> is false.</summary>
    public static void Require(
        [DoesNotReturnIf(false)] bool condition,
        [CallerArgumentExpression(nameof(condition))] string expression = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        if (!condition)
        {
            Throw(expression, file, line);
        }
    }

    /// <summary>As <see cref="Require(bool, string, string, int)"/>, with both values in the message.</summary>
    public static void RequireAtMost<T>(
        T lower,
        T upper,
        [CallerArgumentExpression(nameof(lower))] string lowerExpression = "",
        [CallerArgumentExpression(nameof(upper))] string upperExpression = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
        where T : IComparable<T>
    {
        if (lower.CompareTo(upper) > 0)
        {
            Throw($"{lowerExpression} ({lower}) <= {upperExpression} ({upper})", file, line);
        }
    }

    [DoesNotReturn]
    private static void Throw(string what, string file, int line) =>
        throw new InvariantViolationException($"invariant broken: {what} at {Path.GetFileName(file)}:{line}");
}

/// <summary>
/// The program is wrong about its own state. Never caught to go on: whoever owns the thread ends the process with one line
/// and a non-zero exit code.
/// </summary>
public sealed class InvariantViolationException(string message) : Exception(message);
