# The page of the emulated frame, frame/index.html in the build folder: web/frame/ and emulator/ in one file, by esbuild.
# Uses: Node with the libraries of web/ and emulator/ (tools/bootstrap web pico); without them there is no page.

find_program(QL_NODE NAMES node nodejs)
if(QL_SANITIZERS OR NOT QL_NODE OR NOT EXISTS "${PROJECT_SOURCE_DIR}/web/node_modules/esbuild" OR
   NOT EXISTS "${PROJECT_SOURCE_DIR}/emulator/node_modules/rp2040js")
    return()
endif()
file(GLOB frame_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/web/frame/*" "${PROJECT_SOURCE_DIR}/emulator/*.js"
     "${PROJECT_SOURCE_DIR}/emulator/panel/*.js")
set(frame_page "${PROJECT_BINARY_DIR}/frame/index.html")
add_custom_command(OUTPUT "${frame_page}"
    COMMAND "${QL_NODE}" "${PROJECT_SOURCE_DIR}/web/frame/build.js" "${PROJECT_BINARY_DIR}/frame"
    DEPENDS ${frame_sources}
    VERBATIM)
add_custom_target(frame ALL DEPENDS "${frame_page}")

# The image beside the page: of the models, or where there are none, of the texts from a list.
if(BUILD_PICO)
    set(frame_image quotes_stub)
    if(TARGET quotes_models)
        set(frame_image quotes)
    endif()
    add_custom_command(OUTPUT "${PROJECT_BINARY_DIR}/frame/image.js"
        COMMAND "${QL_NODE}" "${PROJECT_SOURCE_DIR}/web/frame/build.js" "${PROJECT_BINARY_DIR}/frame"
            "${PROJECT_BINARY_DIR}/${frame_image}.uf2"
        DEPENDS "${PROJECT_BINARY_DIR}/${frame_image}.uf2" "${frame_page}"
        VERBATIM)
    add_custom_target(frame_image DEPENDS "${PROJECT_BINARY_DIR}/frame/image.js")
    add_dependencies(frame_image frame firmware_${frame_image})
    add_dependencies(firmware frame_image)
endif()
