# What `make install` puts where, in the folders of GNUInstallDirs. The tool finds its data from where it is itself
# (src/base/data_folder.h), so the prefix may be moved. Included last: it installs targets of all folders.
include(GNUInstallDirs)

option(QL_INSTALL_ONNX_RUNTIME "Install ONNX Runtime for Node with the tool, when web/node_modules has it" ON)

set(ql_data "${CMAKE_INSTALL_DATADIR}/quillet") # has the layout of the source tree
file(RELATIVE_PATH ql_data_from_program "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_DATADIR}/quillet")
set_property(SOURCE "${PROJECT_SOURCE_DIR}/src/base/data_folder.c" APPEND PROPERTY COMPILE_DEFINITIONS
    "QL_DATA_FROM_PROGRAM=\"${ql_data_from_program}\"")
# In the build folder the tool reads the source tree, and what the build made.
file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/quillet.folders" CONTENT "${PROJECT_SOURCE_DIR}\n${PROJECT_BINARY_DIR}\n")

install(TARGETS quillet RUNTIME)
install(TARGETS uf2_writer font_writer RUNTIME DESTINATION "${CMAKE_INSTALL_LIBEXECDIR}/quillet")

# The headers of generated C, for programs that include them directly. The firmware finds them beside itself.
install(DIRECTORY device DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/quillet" FILES_MATCHING PATTERN "*.h")
file(RELATIVE_PATH ql_device_from_data "${CMAKE_INSTALL_FULL_DATADIR}/quillet"
    "${CMAKE_INSTALL_FULL_INCLUDEDIR}/quillet/device")
install(CODE "file(MAKE_DIRECTORY \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${ql_data}\")
file(CREATE_LINK \"${ql_device_from_data}\" \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${ql_data}/device\" SYMBOLIC)")

# Firmware: the frame's application, its ports, and the program in which `verify` runs a model.
install(DIRECTORY firmware DESTINATION "${ql_data}" USE_SOURCE_PERMISSIONS
    PATTERN CMakeLists.txt EXCLUDE PATTERN firmware/fonts EXCLUDE PATTERN port/host EXCLUDE)
install(FILES firmware/port/pico/CMakeLists.txt DESTINATION "${ql_data}/firmware/port/pico")
install(FILES firmware/port/pipe/pico/CMakeLists.txt DESTINATION "${ql_data}/firmware/port/pipe/pico")
install(FILES "${PROJECT_BINARY_DIR}/firmware/font_data.c" DESTINATION "${ql_data}/firmware")

# JavaScript: the emulator, and the models in ONNX Runtime. Their libraries are there after tools/bootstrap web pico.
install(DIRECTORY emulator DESTINATION "${ql_data}"
    PATTERN "*.test.js" EXCLUDE PATTERN .npmrc EXCLUDE PATTERN "*.d.ts" EXCLUDE PATTERN "*.map" EXCLUDE
    PATTERN .package-lock.json EXCLUDE PATTERN cjs EXCLUDE)
install(DIRECTORY web/ DESTINATION "${ql_data}/web"
    PATTERN node_modules EXCLUDE PATTERN dashboard EXCLUDE REGEX "web/frame$" EXCLUDE PATTERN "*.test.js" EXCLUDE PATTERN .npmrc EXCLUDE)
if(TARGET frame)
    install(FILES "${PROJECT_BINARY_DIR}/frame/index.html" DESTINATION "${ql_data}/frame")
endif()
if(QL_INSTALL_ONNX_RUNTIME)
    string(TOLOWER "${CMAKE_SYSTEM_NAME}" ql_node_system)
    set(ql_node_processor "${CMAKE_SYSTEM_PROCESSOR}")
    if(ql_node_processor MATCHES "^(x86_64|AMD64)$")
        set(ql_node_processor x64)
    elseif(ql_node_processor STREQUAL "aarch64")
        set(ql_node_processor arm64)
    endif()
    set(ql_modules web/node_modules)
    set(ql_binding "bin/napi-v6/${ql_node_system}/${ql_node_processor}")
    install(DIRECTORY "${ql_modules}/onnxruntime-common" DESTINATION "${ql_data}/web/node_modules" OPTIONAL
        PATTERN "*.d.ts" EXCLUDE PATTERN "*.map" EXCLUDE)
    install(DIRECTORY "${ql_modules}/onnxruntime-node/dist" DESTINATION "${ql_data}/web/node_modules/onnxruntime-node"
        OPTIONAL PATTERN "*.d.ts" EXCLUDE PATTERN "*.map" EXCLUDE)
    install(DIRECTORY "${ql_modules}/onnxruntime-node/${ql_binding}/"
        DESTINATION "${ql_data}/web/node_modules/onnxruntime-node/${ql_binding}" OPTIONAL)
    install(FILES "${ql_modules}/onnxruntime-node/package.json"
        DESTINATION "${ql_data}/web/node_modules/onnxruntime-node" OPTIONAL)
endif()

# Words: the filter's default list, as text and compiled.
if(TARGET default_words)
    install(FILES "${PROJECT_BINARY_DIR}/english.words" "${PROJECT_BINARY_DIR}/english.qlf" DESTINATION "${ql_data}")
endif()
install(FILES words/innocent.txt DESTINATION "${ql_data}/words")
install(PROGRAMS tools/recipes/demo tools/recipes/english tools/recipes/essays tools/recipes/frame
    tools/recipes/public_domain DESTINATION "${ql_data}/recipes")
install(FILES tools/recipes/demo_fortunes.txt tools/recipes/demo_remove_names.txt tools/recipes/sentences.sh
    DESTINATION "${ql_data}/recipes")

install(FILES LICENSE README.md DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(DIRECTORY docs DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(DIRECTORY examples/compile examples/cmake examples/pico examples/frame_firmware DESTINATION "${CMAKE_INSTALL_DOCDIR}/examples")
# What others wrote and is in the tool, in its data, or beside it.
foreach(file web/node_modules/uplot/LICENSE web/node_modules/cuss/license emulator/node_modules/rp2040js/LICENSE
        emulator/node_modules/pngjs/LICENSE)
    get_filename_component(library "${file}" DIRECTORY)
    get_filename_component(library "${library}" NAME)
    install(FILES "${file}" DESTINATION "${CMAKE_INSTALL_DOCDIR}/licenses" RENAME "${library}.txt" OPTIONAL)
endforeach()
install(FILES examples/README.md DESTINATION "${CMAKE_INSTALL_DOCDIR}/examples")
install(FILES "/usr/share/doc/fonts-ebgaramond/copyright" DESTINATION "${CMAKE_INSTALL_DOCDIR}/licenses"
    RENAME EBGaramond.txt OPTIONAL)

# For other projects: find_package(Quillet), and pkg-config.
include(CMakePackageConfigHelpers)
set(ql_package "${CMAKE_INSTALL_DATADIR}/cmake/Quillet")
configure_package_config_file(cmake/package/QuilletConfig.cmake.in "${PROJECT_BINARY_DIR}/package/QuilletConfig.cmake"
    INSTALL_DESTINATION "${ql_package}"
    PATH_VARS CMAKE_INSTALL_BINDIR CMAKE_INSTALL_DATADIR CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBEXECDIR)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/package/QuilletConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
file(RELATIVE_PATH ql_prefix_from_pc "/${CMAKE_INSTALL_DATADIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" ql_prefix_from_pc "${ql_prefix_from_pc}")
configure_file(cmake/package/quillet.pc.in "${PROJECT_BINARY_DIR}/package/quillet.pc" @ONLY)
install(FILES cmake/package/QuilletLetters.cmake "${PROJECT_BINARY_DIR}/package/QuilletConfig.cmake"
    "${PROJECT_BINARY_DIR}/package/QuilletConfigVersion.cmake" DESTINATION "${ql_package}")
install(FILES "${PROJECT_BINARY_DIR}/package/quillet.pc" DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig")

# The manual and the completions, from what the tool itself says.
set(ql_manual "${PROJECT_BINARY_DIR}/manual")
add_custom_command(OUTPUT "${ql_manual}/done"
    COMMAND "${PROJECT_SOURCE_DIR}/tools/manual/write" $<TARGET_FILE:quillet> "${PROJECT_VERSION}" "${ql_manual}"
    COMMAND "${CMAKE_COMMAND}" -E touch "${ql_manual}/done"
    DEPENDS quillet tools/manual/write tools/manual/help.awk emulator/emulate.js
    COMMENT "" VERBATIM)
if(QL_SANITIZERS OR QL_FUZZ OR QL_COVERAGE)
    add_custom_target(manual DEPENDS "${ql_manual}/done")
else()
    add_custom_target(manual ALL DEPENDS "${ql_manual}/done")
endif()
install(DIRECTORY "${ql_manual}/man/" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
install(FILES "${ql_manual}/bash/quillet" DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
install(FILES "${ql_manual}/zsh/_quillet" DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/site-functions")

# All that is installed and made by the build; the tests and the demo's programs are not.
add_custom_target(installed_files DEPENDS quillet uf2_writer font_writer font_data manual)
if(TARGET default_words)
    add_dependencies(installed_files default_words)
endif()
if(TARGET frame)
    add_dependencies(installed_files frame)
endif()
