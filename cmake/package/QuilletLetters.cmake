# quillet_read_letters(VARIABLE DESCRIPTOR): the letters of a model, for the type of the panel.
# Included by the firmware's build and by the installed package. Uses: nothing.

# Set VARIABLE to a text with all letters of the descriptor's vocabulary, or to nothing if it does not have one.
function(quillet_read_letters variable descriptor)
    file(READ "${descriptor}" fields)
    string(JSON type ERROR_VARIABLE failed TYPE "${fields}" vocabulary)
    set(letters "")
    if(NOT failed)
        string(JSON letters GET "${fields}" vocabulary)
    endif()
    # A string is given as it is, but an array, which a vocabulary with pieces is, as JSON in ASCII: its other letters are
    # written as \u0142, some as two of these. All of them are read as one string; a loop that reads each piece takes a
    # time that grows with the square of their number.
    if(type STREQUAL "ARRAY")
        string(REPLACE "\\\\" "" pieces "${letters}") # a backslash is written as two
        string(REGEX MATCHALL "\\\\u[0-9a-fA-F][0-9a-fA-F][0-9a-fA-F][0-9a-fA-F]" codes "${pieces}")
        list(JOIN codes "" codes)
        string(JSON others GET "[\"${codes}\"]" 0)
        string(APPEND letters "${others}")
    endif()
    set(${variable} "${letters}" PARENT_SCOPE)
endfunction()
